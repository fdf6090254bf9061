// SPDX-License-Identifier: Apache-2.0
// The Nexmark queries, each as a program that says lines: fields with commas between. They are known in SQL,
// where a result that grows is said again and again; here it is said once, at the end of the input.
#pragma once

#include <map>
#include <string>

#include "api/program.h"
#include "examples/nexmark/model.h"

namespace nexmark {

using Events = weir::DataStream<Event>;  // with times, and watermarks
using Lines = weir::DataStream<std::string>;
using Query = Lines (*)(const Events&);

// each_record.cpp: what is said of a record needs no other.
Lines q0(const Events& events);   // each bid
Lines q1(const Events& events);   // each bid, its price in euros
Lines q2(const Events& events);   // the bids for some auctions
Lines q13(const Events& events);  // each bid, with what a table knows of its auction
Lines q14(const Events& events);  // the bids of middling price, with the time of day
Lines q22(const Events& events);  // each bid, with the directories of its URL

// pairs.cpp: what belongs together by a key, whichever comes first.
Lines q3(const Events& events);   // who sells in three states
Lines q4(const Events& events);   // what the auctions of a category bring on average
Lines q6(const Events& events);   // what the last ten auctions of a seller brought on average
Lines q20(const Events& events);  // the bids for auctions of one category, with these

// windows.cpp
Lines q5(const Events& events);   // the auctions with most bids of the last ten seconds
Lines q7(const Events& events);   // the highest bids of each ten seconds
Lines q8(const Events& events);   // who registered and opened an auction in the same ten seconds
Lines q11(const Events& events);  // how often somebody bids until ten quiet seconds
Lines q12(const Events& events);  // how often somebody bids in ten seconds of the wall clock

// statistics.cpp: what is known when a day, or the input, is over.
Lines q15(const Events& events);  // bids, bidders and auctions a day, by price
Lines q17(const Events& events);  // the prices of an auction a day
Lines q18(const Events& events);  // the last bid of each bidder for each auction
Lines q19(const Events& events);  // the ten highest bids of each auction

inline const std::map<std::string, Query> kQueries = {
    {"q0", q0},   {"q1", q1},   {"q2", q2},   {"q3", q3},   {"q4", q4},   {"q5", q5},   {"q6", q6},
    {"q7", q7},   {"q8", q8},   {"q11", q11}, {"q12", q12}, {"q13", q13}, {"q14", q14}, {"q15", q15},
    {"q17", q17}, {"q18", q18}, {"q19", q19}, {"q20", q20}, {"q22", q22},
};

}  // namespace nexmark
