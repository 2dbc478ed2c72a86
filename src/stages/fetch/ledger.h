#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "stages/fetch/fetch.h"

namespace quern::fetch {

// What the fetching thread and those who use its files tell each other. Any thread.
class Ledger {
 public:
  // `keeps`: files stay when they are released.
  Ledger(const std::vector<Remote>& remotes, bool keeps);

  // For the users of files.
  Result<void> outcome(InputOrdinal input) const;
  void release(InputOrdinal input);
  void need(InputOrdinal first, std::size_t count);

  // For the fetching thread. `was_there`: the file is an earlier run's, and is never deleted.
  void settle(std::size_t index, Result<void> outcome, bool was_there);
  struct Wishes {
    std::vector<std::size_t> released;  // settled and released; each is named once
    std::vector<std::size_t> needed;
  };
  Wishes take_wishes();
  bool is_needed(std::size_t index) const;
  // Before the first wait for readable_fd().
  Result<void> open();
  // Readable while there are wishes that were made after open().
  int readable_fd() const { return wake_.number(); }

 private:
  struct Entry {
    std::string path;
    std::optional<Result<void>> outcome;
    bool was_there = false;
    bool is_released = false;
    bool is_needed = false;
  };
  void wake();  // with the lock held
  // Outside the lock, as a large file takes its time.
  static void delete_file(const std::string& path);
  bool may_delete(const Entry& entry) const { return entry.outcome->ok() && !keeps_ && !entry.was_there; }

  const bool keeps_;
  std::unordered_map<InputOrdinal, std::size_t> indices_;
  mutable std::mutex mutex_;
  Fd wake_;
  std::vector<Entry> entries_;
  Wishes wishes_;
  bool is_awake_ = false;
};

}  // namespace quern::fetch
