// SPDX-License-Identifier: Apache-2.0
// `weir state` as a person or a script meets it.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "apps/weir/verbs.h"
#include "test/support/sample_savepoint.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::SampleSavepoint;
using weir::testing::SampleState;
using weir::testing::TemporaryDirectory;
using Json = nlohmann::json;

namespace {

struct Answer {
  int code = 0;
  std::string out;
  std::string err;
};

/// Runs the words behind `weir`.
Answer weir_says(const std::vector<std::string>& words) {
  std::ostringstream out;
  std::ostringstream err;
  std::streambuf* const real_out = std::cout.rdbuf(out.rdbuf());
  std::streambuf* const real_err = std::cerr.rdbuf(err.rdbuf());
  const auto asked = read_words(words);
  const int code = asked ? asked->verb->run(asked->line) : fail(asked.error().what);
  std::cout.rdbuf(real_out);
  std::cerr.rdbuf(real_err);
  return {code, out.str(), err.str()};
}

const SampleState kState{.last = {{"ada", {"pen", 250}}, {"b\"ob", {"ink", 1200}}},
                         .visits = {{"ada", {1, 2}}}};

struct Place {
  TemporaryDirectory directory;
  std::string path = directory.path() + "/savepoint";
  SampleSavepoint sample{path, kState};

  /// One line on standard error, nothing else, and exit code 1.
  static std::string refusal(const std::vector<std::string>& words) {
    const Answer answer = weir_says(words);
    CHECK(answer.code == 1);
    CHECK(answer.out == "");
    CHECK(answer.err.find('\n') == answer.err.size() - 1);
    return answer.err;
  }
};

TEST_CASE_FIXTURE(Place, "ls shows operators and states in columns") {
  const Answer answer = weir_says({"state", "ls", path});
  CHECK(answer.code == 0);
  CHECK(answer.err == "");
  CHECK(answer.out.find("Savepoint 17 of job 00000000000000010000000000000002, ") == 0);
  const std::string table = answer.out.substr(answer.out.find("\n\n") + 2);
  CHECK(
      table ==
      "Operator     Uid    Id        Subtasks  Groups  State    Entries  Bytes  Kind and types\n"
      "Keyed Shops  shops  00000000         2      16  last           2   33 B  value state string -> struct "
      "Purchase{item:string,cents:i64}\n"
      "                                                rates          1   12 B  broadcast map string -> f64\n"
      "                                                visits         1   21 B  list state string -> "
      "vector{i32} (expires)\n"
      "Source: log  -      00000000         1      16  offsets        3   24 B  split list i64\n");
}

TEST_CASE_FIXTURE(Place, "ls tells scripts the same as JSON") {
  for (const auto& words : {std::vector<std::string>{"state", "--json", "ls", path},
                            std::vector<std::string>{"state", "ls", path, "--json"}}) {
    const Json json = Json::parse(weir_says(words).out);
    CHECK(json["id"] == 17);
    CHECK(json["savepoint"] == true);
    CHECK(json["triggered"] == 1'500'000'000'000);
    const Json& shops = json["operators"][0];
    CHECK(shops["uid"] == "shops");
    CHECK(shops["parallelism"] == 2);
    CHECK(shops["states"][2] == Json{{"name", "visits"},
                                     {"kind", "list"},
                                     {"expires", true},
                                     {"key", "string"},
                                     {"value", "vector{i32}"},
                                     {"readable", true},
                                     {"entries", 1},
                                     {"bytes", 21}});
    CHECK(json["operators"][1]["states"][0]["kind"] == "split-list");
  }
}

TEST_CASE_FIXTURE(Place, "get prints the value of one key") {
  CHECK(weir_says({"state", "get", path, "shops", "last", "ada"}).out ==
        "{\"item\":\"pen\",\"cents\":250}\n");
  CHECK(weir_says({"state", "get", path, "Keyed Shops", "last", "b\"ob"}).out ==
        "{\"item\":\"ink\",\"cents\":1200}\n");
  CHECK(weir_says({"state", "get", path, "shops", "last", R"("b\"ob")"}).code == 0);
  const Json json = Json::parse(weir_says({"state", "get", "--json", path, "shops", "visits", "ada"}).out);
  CHECK(json["key"] == "ada");
  CHECK(json["value"] == Json{1, 2});
  CHECK(json["last-used"] == 5000);
  CHECK(json["group"].is_number());

  CHECK(refusal({"state", "get", path, "shops", "last", "eve"}) ==
        "weir: operator \"Keyed Shops\" (uid \"shops\"): the state \"last\" has nothing of key eve (its keys "
        "are "
        "string)\n");
  CHECK(refusal({"state", "get", path, "shops", "lost", "eve"}) ==
        "weir: operator \"Keyed Shops\" (uid \"shops\") has no state \"lost\"; it has \"last\", \"rates\", "
        "\"visits\"\n");
  CHECK(refusal({"state", "get", path, "Source: log", "offsets", "1"}).find("has no keys") !=
        std::string::npos);
  CHECK(refusal({"state", "get", path, "shop", "last", "eve"}).find("there is no operator \"shop\"") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Place, "dump prints every entry, of all or of one") {
  const std::string all = weir_says({"state", "dump", path}).out;
  CHECK(all.find("shops\tlast\t\"ada\"\t{\"item\":\"pen\",\"cents\":250}\n") != std::string::npos);
  CHECK(all.find("Source: log\toffsets\t300\n") != std::string::npos);
  CHECK(std::count(all.begin(), all.end(), '\n') == 2 + 1 + 1 + 3);
  CHECK(weir_says({"state", "dump", path, "shops", "rates"}).out == "shops\trates\t\"EUR\"\t1\n");

  std::istringstream lines(weir_says({"state", "dump", path, "--json"}).out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) CHECK(Json::parse(line).contains("value"));
  CHECK(count == 7);
}

TEST_CASE_FIXTURE(Place, "diff prints what changed, without colours where there is no terminal") {
  SampleState later = kState;
  later.last["ada"].cents = 300;
  later.last["gus"] = {"hat", 900};
  later.visits.clear();
  const SampleSavepoint after(path + "-2", later);
  CHECK(weir_says({"state", "diff", path, path}).out == "");
  const std::string text = weir_says({"state", "diff", path, path + "-2"}).out;
  CHECK(text.find(
            "~ shops last \"ada\": {\"item\":\"pen\",\"cents\":250} => {\"item\":\"pen\",\"cents\":300}\n") !=
        std::string::npos);
  CHECK(text.find("+ shops last \"gus\": {\"item\":\"hat\",\"cents\":900}\n") != std::string::npos);
  CHECK(text.find("- shops visits \"ada\": [1,2]\n") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);

  std::istringstream lines(weir_says({"state", "diff", "--json", path, path + "-2"}).out);
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line);
    if (json["change"] != "changed") continue;
    CHECK(json["old"]["cents"] == 250);
    CHECK(json["new"]["cents"] == 300);
  }
}

TEST_CASE_FIXTURE(Place, "what is missing, damaged or asked for wrongly is one line") {
  CHECK(refusal({"state"}).find("say what: weir state ls PATH") != std::string::npos);
  CHECK(refusal({"state", "list", path}).find("say what") != std::string::npos);
  CHECK(refusal({"state", "get", path, "shops"}).find("say what") != std::string::npos);
  CHECK(refusal({"state", "ls", path + "/nowhere"}).find("is no checkpoint or savepoint") !=
        std::string::npos);
  const std::string file = sample.file_of(SampleSavepoint::kShops, 0);
  std::ofstream(file, std::ios::in | std::ios::out) << "damaged";
  CHECK(refusal({"state", "ls", path}).find(file) != std::string::npos);
  CHECK(refusal({"state", "diff", path, path}).find(file) != std::string::npos);
}

TEST_CASE_FIXTURE(Place, "a file of a store that is not there is told by name") {
  OperatorSnapshot& part = sample.checkpoint().operators[SampleSavepoint::kShops].subtasks[0];
  part.states.push_back({.name = "large", .key = "string", .value = "i64"});
  part.shared = {{.path = "shared/a-0-b-1.12.sst", .bytes = 5000}};
  sample.save();
  for (const std::string what : {"dump", "ls"})
    CHECK(refusal({"state", what, path}).find(path + "/shared/a-0-b-1.12.sst") != std::string::npos);
}

}  // namespace
