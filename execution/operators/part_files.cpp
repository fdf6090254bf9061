// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/part_files.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace weir {

namespace {

constexpr std::string_view kReady = ".ready";
constexpr std::size_t kJobDigits = 16;
constexpr std::size_t kOperatorDigits = 8;
constexpr std::size_t kAttemptDigits = 16;

std::string ready_name(const std::string& name) { return "." + name + std::string(kReady); }

void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().what);
}

/// The number that all of the text is.
template <class Number>
bool is_number(std::string_view text, Number& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

}  // namespace

void PartFiles::open(const OperatorContext& context, const std::vector<Transaction>& pending) {
  prefix_ = "part-" + context.job().hex().substr(0, kJobDigits) + "-" +
            context.operator_id().hex().substr(0, kOperatorDigits) + "-";
  subtask_ = context.subtask_index();
  parallelism_ = context.parallelism();
  restored_ = context.restored_checkpoint();
  open_name_ = "." + prefix_ + std::to_string(subtask_) + "-" +
               context.attempt().hex().substr(0, kAttemptDigits) + ".open";
  must(files_->make_folder(folder_));
  remove_left_over(pending);
}

void PartFiles::remove_left_over(const std::vector<Transaction>& pending) {
  std::set<std::string> wanted;
  for (const Transaction& each : pending)
    if (each.folder == folder_) wanted.insert(ready_name(each.name));
  const auto found = files_->list(folder_);
  if (!found) throw std::runtime_error(found.error().what);
  for (const std::string& file : *found) {
    Name name;
    // After a change of parallelism there are subtasks less than before: each looks after several.
    if (!is_ours(file, name) || name.subtask % parallelism_ != subtask_) continue;
    if (!file.starts_with('.')) refuse_to_go_back(file, name);
    else if (!wanted.contains(file)) must(files_->remove(path_of(file)));
  }
}

bool PartFiles::is_ours(const std::string& file, Name& name) const {
  std::string_view text = file;
  if (text.starts_with('.')) text.remove_prefix(1);
  if (!text.starts_with(prefix_)) return false;
  text.remove_prefix(prefix_.size());
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || !is_number(text.substr(0, dash), name.subtask)) return false;
  name.rest = text.substr(dash + 1);
  return true;
}

void PartFiles::refuse_to_go_back(const std::string& file, const Name& name) const {
  CheckpointId checkpoint = 0;
  if (!is_number(name.rest, checkpoint) || checkpoint <= restored_) return;
  throw std::runtime_error("the job goes back to checkpoint " + std::to_string(restored_) + ", but " +
                           path_of(file) + " was committed by checkpoint " + std::to_string(checkpoint) +
                           ": its records would be written again. Remove the files of later checkpoints "
                           "if nobody has read them");
}

void PartFiles::begin() {
  auto file = files_->create(path_of(open_name_));
  if (!file) throw std::runtime_error(file.error().what);
  writer_ = *std::move(file);
  block_.clear();
}

void PartFiles::flush() {
  must(writer_->write(std::as_bytes(std::span(block_))));
  block_.clear();
}

PartFiles::Transaction PartFiles::prepare(CheckpointId checkpoint) {
  flush();
  must(writer_->sync());
  writer_.reset();
  Transaction made{folder_, prefix_ + std::to_string(subtask_) + "-" + std::to_string(checkpoint)};
  must(files_->rename(path_of(open_name_), path_of(ready_name(made.name))));
  return made;
}

void PartFiles::commit(const Transaction& transaction) {
  const std::string committed = transaction.folder + "/" + transaction.name;
  Status done = files_->rename(transaction.folder + "/" + ready_name(transaction.name), committed);
  // Committed before, perhaps by a process that died before the folder was on the disk. Renaming a file to
  // its own name does nothing but that.
  if (!done && done.error().code == ErrorCode::NotFound) done = files_->rename(committed, committed);
  if (!done && done.error().code == ErrorCode::NotFound) {
    // Usual if the checkpoint is old and whoever reads the files has moved this one away.
    return log::warn("sink", "the output " + committed +
                                 " of an earlier attempt is not there any more, committed or not");
  }
  must(done);
}

void PartFiles::abort() {
  writer_.reset();
  block_.clear();
  const Status removed = files_->remove(path_of(open_name_));
  if (!removed) log::warn("sink", "left behind: " + removed.error().what);
}

}  // namespace weir
