#include "stages/inputs/collector.h"

#include <malloc.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "model/largest_input.h"

namespace quern::inputs {
namespace {

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

void add_left_out(InputList& list, const std::vector<std::string>& names, std::string_view one, std::string_view many) {
  if (names.empty()) return;
  list.notes.push_back(counted(names.size(), one, many) + " left out" + (names.size() > 1 ? ", such as " : ": ") +
                       names.front());
}

}  // namespace

std::string Collector::left_out_since(std::size_t own) const {
  return own < own_.size() ? "; " + own_[own] + ", which quern wrote, is left out" : "";
}

void Collector::add(const std::string& name, const std::string& path, std::string target, std::uint64_t size_bytes) {
  if (!is_wanted(name)) return;
  if (!target.empty()) targets_.emplace(path, std::move(target));
  const SharedText kept(path);
  inputs_.push_back({.name = name == path ? kept : SharedText(name), .path = kept, .stored_bytes = size_bytes});
}

void Collector::add_remote(Input input) {
  // What is said beyond it is no size; sums of them stay sums.
  input.stored_bytes = std::min(input.stored_bytes, limits::kMaxInputBytes + 1);
  if (is_wanted(input.file_name())) inputs_.push_back(std::move(input));
}

bool Collector::is_wanted(std::string_view name) {
  if (filter_ == nullptr) return true;
  name.remove_prefix(std::min(prefix_bytes_, name.size()));
  name.remove_prefix(std::min(name.find_first_not_of('/'), name.size()));
  if (filter_->accepts(name)) return true;
  ++filtered_out_;
  return false;
}

// The one URL of an object, however it was named; the one path of a file, whatever links lead to it. Hard links are
// different files, as nothing says which is meant.
std::string_view Collector::identity_of(const Input& input) const {
  if (input.is_remote()) return input.url;
  if (targets_.empty()) return input.path;
  auto target = targets_.find(input.path.str());
  return target == targets_.end() ? input.path.view() : target->second;
}

// True for each input whose file stands in the list before it. Compares hashes first, as a set of a million paths costs
// more than the list.
std::vector<bool> Collector::find_repeated(InputList& list) const {
  std::vector<std::pair<std::size_t, std::uint32_t>> hashes;
  hashes.reserve(list.inputs.size());
  for (std::uint32_t i = 0; i < list.inputs.size(); ++i) {
    hashes.emplace_back(std::hash<std::string_view>{}(identity_of(list.inputs[i])), i);
  }
  std::sort(hashes.begin(), hashes.end());
  std::vector<bool> repeated(list.inputs.size());
  for (std::size_t i = 1; i < hashes.size(); ++i) {
    const std::string_view own = identity_of(list.inputs[hashes[i].second]);
    for (std::size_t before = i; before > 0 && hashes[before - 1].first == hashes[i].first; --before) {
      if (identity_of(list.inputs[hashes[before - 1].second]) != own) continue;
      repeated[hashes[i].second] = true;
      break;
    }
  }
  return repeated;
}

Result<InputList> Collector::finish() {
  if (inputs_.size() > std::numeric_limits<InputOrdinal>::max()) {
    return bad_config("there are more than 4294967295 inputs");
  }
  InputList list{.inputs = std::move(inputs_), .notes = {}};
  std::sort(list.inputs.begin(), list.inputs.end(), [](const Input& left, const Input& right) {
    // By the names that were given: the order must not follow from how queries are shown.
    return std::make_tuple(left.given_name(), left.path.view(), left.url.view()) <
           std::make_tuple(right.given_name(), right.path.view(), right.url.view());
  });
  std::vector<bool> repeated = find_repeated(list);
  std::size_t kept = 0;
  std::size_t named_twice = 0;
  std::size_t linked = 0;
  std::string twice;
  std::string link;
  for (std::size_t i = 0; i < list.inputs.size(); ++i) {
    if (!repeated[i]) {
      if (kept != i) list.inputs[kept] = std::move(list.inputs[i]);
      ++kept;
    } else if (kept > 0 && list.inputs[kept - 1].name == list.inputs[i].name) {
      if (named_twice++ == 0) twice = list.inputs[i].name.str();
    } else if (linked++ == 0) {
      link = list.inputs[i].name.str();
    }
  }
  list.inputs.resize(kept);
  // Growing and comparing a long list took as much again, which the allocator keeps for a later time.
  ::malloc_trim(0);
  add_notes(list, named_twice, twice, linked, link);
  return list;
}

void Collector::add_notes(InputList& list, std::size_t named_twice, const std::string& twice, std::size_t linked,
                          const std::string& link) const {
  if (named_twice > 0) {
    list.notes.push_back(counted(named_twice, "input was", "inputs were") + " named twice and count once, such as " +
                         twice);
  }
  if (linked > 0) {
    list.notes.push_back(counted(linked, "name is that", "names are those") +
                         " of a file or object that the list has under another name, and count once, such as " + link);
  }
  if (filtered_out_ > 0) {
    list.notes.push_back("the filter left out " + counted(filtered_out_, "input", "inputs"));
  }
  add_left_out(list, own_, "file that quern wrote was", "files that quern wrote were");
  add_left_out(list, bookkeeping_, "file or folder of Hadoop's own was", "files or folders of Hadoop's own were");
  if (hidden_ > 0) {
    list.notes.push_back(counted(hidden_, "object was", "objects were") +
                         " left out, as a part of the key begins with a dot" + (hidden_ > 1 ? ", such as " : ": ") +
                         first_hidden_);
  }
  if (left_out_ > 0) {
    list.notes.push_back(counted(left_out_, "socket, pipe or device was", "sockets, pipes or devices were") +
                         " left out");
  }
}

}  // namespace quern::inputs
