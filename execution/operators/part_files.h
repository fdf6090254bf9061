// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/time.h"
#include "execution/operators/operator_context.h"
#include "execution/operators/text_format.h"

namespace weir {

/// Files in a directory that appear whole, when the checkpoint is complete up to which they go.
///
///     .part-JOB-OPERATOR-SUBTASK-ATTEMPT.open      is written; renamed when its bytes are on the disk
///     .part-JOB-OPERATOR-SUBTASK-CHECKPOINT.ready  can be committed from anywhere
///     part-JOB-OPERATOR-SUBTASK-CHECKPOINT         committed
///
/// An attempt writes to a name that no other has, and the number of a checkpoint is used once. So what a
/// process does that thaws after its tasks run elsewhere stays hidden: nobody commits it.
///
/// Threads: the task's.
/// Errors:  throws std::runtime_error that names the file and what the operating system said; and if the job
///          goes back behind a checkpoint of which there are committed files: these would come again.
class PartFiles {
public:
  struct Transaction {
    std::string folder;
    std::string name;  // of the committed file
  };

  explicit PartFiles(std::string folder,
                     std::shared_ptr<FileSystem> files = std::make_shared<LocalFileSystem>())
      : folder_(std::move(folder)), files_(std::move(files)) {}

  void open(const OperatorContext& context, const std::vector<Transaction>& pending);
  void begin();
  /// Where what comes next is to be appended. Call written() then.
  [[nodiscard]] std::string& block() { return block_; }
  void written() {
    if (block_.size() >= kBlockBytes) flush();
  }
  [[nodiscard]] Transaction prepare(CheckpointId checkpoint);
  void commit(const Transaction& transaction);
  void abort();

private:
  static constexpr std::size_t kBlockBytes = 64 * 1024;

  /// Of a file of this operator in this job.
  struct Name {
    std::uint32_t subtask = 0;
    std::string rest;  // behind the subtask
  };
  [[nodiscard]] bool is_ours(const std::string& file, Name& name) const;
  void remove_left_over(const std::vector<Transaction>& pending);
  void refuse_to_go_back(const std::string& file, const Name& name) const;
  [[nodiscard]] std::string path_of(const std::string& file) const { return folder_ + "/" + file; }
  void flush();

  // Configuration.
  std::string folder_;
  std::shared_ptr<FileSystem> files_;
  // Bound at open.
  std::string prefix_;        // "part-JOB-OPERATOR-"
  std::string open_name_;     // of the file that is written
  std::uint32_t subtask_ = 0;
  std::uint32_t parallelism_ = 1;
  CheckpointId restored_ = 0;
  // The open transaction.
  std::unique_ptr<FileWriter> writer_;
  std::string block_;
};

/// Each record as a line of a part file.
template <class T>
class TextPartFiles {
public:
  using Transaction = PartFiles::Transaction;

  explicit TextPartFiles(PartFiles files) : files_(std::move(files)) {}

  void open(const OperatorContext& context, const std::vector<Transaction>& pending) {
    files_.open(context, pending);
  }
  void begin() { files_.begin(); }
  void write(const T& value, EventTime) {
    std::string& block = files_.block();
    format_record(block, value);
    block += '\n';
    files_.written();
  }
  [[nodiscard]] Transaction prepare(CheckpointId checkpoint) { return files_.prepare(checkpoint); }
  void commit(const Transaction& transaction) { files_.commit(transaction); }
  void abort() { files_.abort(); }

private:
  PartFiles files_;
};

}  // namespace weir
