#include "stages/inputs/collector.h"

#include <malloc.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <list>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "model/input.h"

namespace quern::inputs {
namespace {

// The most bytes of names before inputs are packed, so that long names are packed earlier.
constexpr std::size_t kMostPendingBytes = std::size_t{32} << 20;

// Compares names as they were given: the order must not depend on whether queries are shown.
template <typename Left, typename Right>
bool is_before(const InputOf<Left>& left, const InputOf<Right>& right) {
  if (int order = left.given_name().compare(right.given_name()); order != 0) return order < 0;
  if (int order = std::string_view(left.path).compare(right.path); order != 0) return order < 0;
  return std::string_view(left.url) < std::string_view(right.url);
}

// Merges sorted runs and passes the inputs on in order. Frees each run once it is read.
void merge(std::vector<PackedInputs> runs, const std::function<void(const InputView&)>& take) {
  struct Head {
    const InputView* input;
    PackedInputs::Reader* reader;
  };
  auto is_after = [](const Head& left, const Head& right) { return is_before(*right.input, *left.input); };
  std::list<PackedInputs::Reader> readers;
  std::vector<Head> heads;
  for (PackedInputs& run : runs) {
    PackedInputs::Reader& reader = readers.emplace_back(std::move(run));
    if (const InputView* first = reader.next()) heads.push_back({.input = first, .reader = &reader});
  }
  std::make_heap(heads.begin(), heads.end(), is_after);
  while (!heads.empty()) {
    std::pop_heap(heads.begin(), heads.end(), is_after);
    Head& next = heads.back();
    take(*next.input);
    next.input = next.reader->next();
    if (next.input == nullptr) {
      heads.pop_back();
    } else {
      std::push_heap(heads.begin(), heads.end(), is_after);
    }
  }
}

std::size_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

void add_left_out(std::vector<std::string>& notes, const std::vector<std::string>& names, std::string_view one,
                  std::string_view many) {
  if (names.empty()) return;
  notes.push_back(counted(names.size(), one, many) + " left out" + (names.size() > 1 ? ", such as " : ": ") +
                  names.front());
}

}  // namespace

// Finds inputs of a sorted list that appear more than once, in two rounds over the list. The first one compares only
// hashes of what identifies the inputs, as a set of millions of paths needs more memory than the list; the second one,
// which is needed only if hashes repeat or neighbours are equal, compares the inputs with these hashes.
class Collector::Repeated {
 public:
  explicit Repeated(const Collector& found) : found_(found) { hashes_.reserve(found.kept_); }

  void look_at(const InputView& input) {
    if (is_like_last(input)) {
      has_neighbours_ = true;
    } else {
      hashes_.push_back(hash_of(found_.identity_of(input)));
    }
  }
  // Ends the first round. Returns whether there may be repeated inputs.
  bool may_be_there() {
    last_.reset();
    std::sort(hashes_.begin(), hashes_.end());
    for (auto at = hashes_.begin(); (at = std::adjacent_find(at, hashes_.end())) != hashes_.end(); ++at) {
      twice_.insert(*at);
    }
    hashes_ = {};
    return has_neighbours_ || !twice_.empty();
  }
  bool is_repeated(const InputView& input) {
    const bool is_again = is_like_last(input);
    const std::string_view identity = found_.identity_of(input);
    if (!is_again && (!twice_.contains(hash_of(identity)) || known_.emplace(identity).second)) {
      last_kept_ = input.name;
      return false;
    }
    if (last_kept_ == input.name) {
      if (named_twice++ == 0) twice = input.name;
    } else if (linked++ == 0) {
      link = input.name;
    }
    return true;
  }

  // How many inputs are listed already: under the same name, and under another one.
  std::size_t named_twice = 0;
  std::size_t linked = 0;
  std::string twice;  // the first such name
  std::string link;

 private:
  bool is_like_last(const InputView& input) {
    const bool is_again = last_.has_value() && !is_before(*last_, input);
    if (!last_.has_value()) last_.emplace();
    last_->name = input.name;
    last_->path = input.path;
    last_->url = input.url;
    return is_again;
  }

  const Collector& found_;
  std::vector<std::size_t> hashes_;
  bool has_neighbours_ = false;
  std::unordered_set<std::size_t> twice_;
  std::unordered_set<std::string> known_;
  std::optional<InputOf<std::string>> last_;  // keeps its memory from one input to the next
  std::string last_kept_;
};

std::string Collector::left_out_since(std::size_t own) const {
  return own < own_.size() ? "; " + own_[own] + ", which quern wrote, is left out" : "";
}

void Collector::add(const std::string& name, const std::string& path, std::string target, std::uint64_t size_bytes) {
  if (!is_wanted(name)) return;
  if (!target.empty()) targets_.emplace(path, std::move(target));
  const SharedText kept(path);
  keep({.name = name == path ? kept : SharedText(name), .path = kept, .stored_bytes = size_bytes});
}

void Collector::add_remote(Input input) {
  // Anything larger is not a real size; capping it keeps sums from overflowing.
  input.stored_bytes = std::min(input.stored_bytes, limits::kMaxInputBytes + 1);
  if (is_wanted(input.file_name())) keep(std::move(input));
}

bool Collector::is_wanted(std::string_view name) {
  if (filter_ == nullptr) return true;
  name.remove_prefix(std::min(prefix_bytes_, name.size()));
  name.remove_prefix(std::min(name.find_first_not_of('/'), name.size()));
  if (filter_->accepts(name)) return true;
  ++filtered_out_;
  return false;
}

// The URL that identifies an object, however it was named, or the path of a file without links. Hard links are
// different files, because nothing says which one is meant.
std::string_view Collector::identity_of(const InputView& input) const {
  if (input.is_remote()) return input.url;
  if (targets_.empty()) return input.path;
  auto target = targets_.find(std::string(input.path));
  return target == targets_.end() ? input.path : target->second;
}

void Collector::keep(Input input) {
  if (input.url == input.name) input.url = input.name;  // shares one string
  pending_bytes_ += input.name.size() + input.path.size() + input.url.size();
  pending_.push_back(std::move(input));
  ++kept_;
  if (pending_.size() == most_pending_ || pending_bytes_ >= kMostPendingBytes) {
    pack_pending();
  }
}

void Collector::pack_pending() {
  // Sorts names and pointers, which are smaller than the inputs themselves.
  struct Place {
    std::string_view name;
    const Input* input;
  };
  std::vector<Place> places;
  places.reserve(pending_.size());
  for (const Input& input : pending_) places.push_back({.name = input.given_name(), .input = &input});
  std::sort(places.begin(), places.end(), [](const Place& left, const Place& right) {
    const int order = left.name.compare(right.name);
    return order != 0 ? order < 0 : is_before(*left.input, *right.input);
  });
  runs_.emplace_back();
  for (const Place& place : places) runs_.back().append(*place.input);
  pending_.clear();
  pending_bytes_ = 0;
}

Result<void> Collector::check_count() const {
  if (kept_ <= std::numeric_limits<InputOrdinal>::max()) return {};
  return bad_config("there are more than 4294967295 inputs");
}

Result<InputList> Collector::finish() {
  TRY(check_count());
  pack_pending();
  pending_ = {};
  InputList list;
  Repeated repeated(*this);
  merge(std::exchange(runs_, {}), [&](const InputView& input) {
    repeated.look_at(input);
    list.inputs.append(input);
  });
  if (repeated.may_be_there()) {
    PackedInputs::Reader reader(std::exchange(list.inputs, {}));
    while (const InputView* input = reader.next()) {
      if (!repeated.is_repeated(*input)) list.inputs.append(*input);
    }
  }
  add_notes(list.notes, repeated);
  // What was pending, and the hashes, used more memory than the list, which the allocator would keep.
  ::malloc_trim(0);
  return list;
}

void Collector::add_notes(std::vector<std::string>& notes, const Repeated& repeated) const {
  if (repeated.named_twice > 0) {
    notes.push_back(counted(repeated.named_twice, "input was", "inputs were") +
                    " named twice and count once, such as " + repeated.twice);
  }
  if (repeated.linked > 0) {
    notes.push_back(counted(repeated.linked, "name is that", "names are those") +
                    " of a file or object that the list has under another name, and count once, such as " +
                    repeated.link);
  }
  if (filtered_out_ > 0) {
    notes.push_back("the filter left out " + counted(filtered_out_, "input", "inputs"));
  }
  add_left_out(notes, own_, "file that quern wrote was", "files that quern wrote were");
  add_left_out(notes, bookkeeping_, "file or folder of Hadoop's own was", "files or folders of Hadoop's own were");
  if (hidden_ > 0) {
    notes.push_back(counted(hidden_, "object was", "objects were") +
                    " left out, as a part of the key begins with a dot" + (hidden_ > 1 ? ", such as " : ": ") +
                    first_hidden_);
  }
  if (left_out_ > 0) {
    notes.push_back(counted(left_out_, "socket, pipe or device was", "sockets, pipes or devices were") + " left out");
  }
}

}  // namespace quern::inputs
