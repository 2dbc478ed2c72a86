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
#include "stages/fetch/download_folder.h"
#include "stages/fetch/fetch.h"

namespace quern::fetch {

// What the fetching thread and the users of its files tell each other. Thread-safe.
class Ledger {
 public:
  // With `keeps`, files remain when they are released. `folder` is borrowed.
  Ledger(const std::vector<Remote>& remotes, bool keeps, const DownloadFolder& folder);
  // Deletes the files that were not released.
  ~Ledger();

  // For the threads that use the files. As in Fetch.
  Result<std::uint64_t> outcome(InputOrdinal input) const;
  Result<Fd> open_file(InputOrdinal input) const;
  void release(InputOrdinal input);
  void need(InputOrdinal first, std::size_t count);

  // For the fetching thread. With `was_there`, the file comes from an earlier run and is never deleted.
  void settle(std::size_t index, Result<FileMark> outcome, bool was_there);
  struct Wishes {
    std::vector<std::size_t> released;  // settled and released; each appears once
    std::vector<std::size_t> needed;
  };
  Wishes take_wishes();
  bool is_needed(std::size_t index) const;
  // Must be called before the first wait for readable_fd().
  Result<void> open();
  // Readable while there are wishes that were made after open().
  int readable_fd() const { return wake_.number(); }

 private:
  struct Entry {
    std::string name;
    std::optional<Result<FileMark>> outcome;
    bool was_there = false;
    bool is_released = false;
    bool is_needed = false;
  };
  void wake();  // the lock must be held
  Result<FileMark> mark(InputOrdinal input, std::string& name) const;
  // To be called without the lock, because deleting a large file takes time.
  void delete_file(const Entry& entry) const { folder_.remove(entry.name, entry.outcome->value()); }
  bool may_delete(const Entry& entry) const { return entry.outcome->ok() && !keeps_ && !entry.was_there; }

  const bool keeps_;
  const DownloadFolder& folder_;
  std::unordered_map<InputOrdinal, std::size_t> indices_;
  mutable std::mutex mutex_;
  Fd wake_;
  std::vector<Entry> entries_;
  Wishes wishes_;
  bool is_awake_ = false;
};

}  // namespace quern::fetch
