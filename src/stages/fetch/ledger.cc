#include "stages/fetch/ledger.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace quern::fetch {

Ledger::Ledger(const std::vector<Remote>& remotes, bool keeps, const DownloadFolder& folder)
    : keeps_(keeps), folder_(folder) {
  entries_.reserve(remotes.size());
  for (const Remote& remote : remotes) {
    indices_.emplace(remote.input, entries_.size());
    entries_.push_back({.name = remote.name});
  }
}

Ledger::~Ledger() {
  for (const Entry& entry : entries_) {
    if (entry.outcome.has_value() && !entry.is_released && may_delete(entry)) delete_file(entry);
  }
}

Result<void> Ledger::open() {
  TRY_ASSIGN(Fd event, make_event());
  std::lock_guard lock(mutex_);
  wake_ = std::move(event);
  return {};
}

Result<FileMark> Ledger::mark(InputOrdinal input, std::string& name) const {
  auto found = indices_.find(input);
  CHECK(found != indices_.end());
  std::lock_guard lock(mutex_);
  const Entry& entry = entries_[found->second];
  name = entry.name;
  if (entry.outcome.has_value()) return *entry.outcome;
  return Error{.kind = ErrorKind::kStopped, .message = entry.name + " was not fetched, because the run ended"};
}

Result<std::uint64_t> Ledger::outcome(InputOrdinal input) const {
  std::string name;
  TRY_ASSIGN(const FileMark mark, this->mark(input, name));
  return mark.size_bytes;
}

Result<Fd> Ledger::open_file(InputOrdinal input) const {
  std::string name;
  TRY_ASSIGN(const FileMark mark, this->mark(input, name));
  const std::string path = folder_.path_of(name);
  TRY_ASSIGN(Fd file, quern::open_file(path, O_RDONLY | O_NOFOLLOW));
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return os_error("looking at " + path, errno);
  if (mark.fits(status)) return file;
  return bad_input(path +
                   " is not the file that was fetched: another program has changed or replaced it; run again "
                   "with downloads.directory set to a folder that nothing else writes to");
}

void Ledger::release(InputOrdinal input) {
  auto found = indices_.find(input);
  CHECK(found != indices_.end());
  {
    std::lock_guard lock(mutex_);
    Entry& entry = entries_[found->second];
    if (std::exchange(entry.is_released, true) || !entry.outcome.has_value()) return;
    if (!may_delete(entry)) {
      wishes_.released.push_back(found->second);
      return wake();
    }
  }
  // Its space becomes free only when the file is deleted.
  delete_file(entries_[found->second]);
  std::lock_guard lock(mutex_);
  wishes_.released.push_back(found->second);
  wake();
}

void Ledger::need(InputOrdinal first, std::size_t count) {
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < count; ++i) {
    auto found = indices_.find(static_cast<InputOrdinal>(first + i));
    if (found == indices_.end() || std::exchange(entries_[found->second].is_needed, true)) continue;
    wishes_.needed.push_back(found->second);
  }
  if (!wishes_.needed.empty()) wake();
}

void Ledger::settle(std::size_t index, Result<FileMark> outcome, bool was_there) {
  Entry& entry = entries_[index];
  {
    std::lock_guard lock(mutex_);
    entry.outcome = std::move(outcome);
    entry.was_there = was_there;
    if (!entry.is_released) return;
    wishes_.released.push_back(index);
    wake();
    if (!may_delete(entry)) return;
  }
  delete_file(entry);
}

Ledger::Wishes Ledger::take_wishes() {
  std::lock_guard lock(mutex_);
  if (std::exchange(is_awake_, false)) {
    std::uint64_t count = 0;
    static_cast<void>(::read(wake_.number(), &count, sizeof count) + 0);
  }
  return std::exchange(wishes_, {});
}

bool Ledger::is_needed(std::size_t index) const {
  std::lock_guard lock(mutex_);
  return entries_[index].is_needed;
}

void Ledger::wake() {
  if (std::exchange(is_awake_, true)) return;
  std::uint64_t one = 1;
  static_cast<void>(::write(wake_.number(), &one, sizeof one) + 0);
}

}  // namespace quern::fetch
