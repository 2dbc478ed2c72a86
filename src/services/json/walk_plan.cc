#include "services/json/walk_plan.h"

#include <algorithm>
#include <map>
#include <span>

namespace quern::json {

// The remaining steps of a wanted path at a node.
struct Plan::Rest {
  std::span<const PathStep> steps;
  std::uint32_t capture = kNone;  // kNone: the value is copied
};

Plan::Plan(const Wanted& wanted) {
  std::vector<Rest> rests;
  for (const Path& path : wanted.copied) rests.push_back({.steps = path});
  for (std::size_t i = 0; i < wanted.captured.size(); ++i) {
    rests.push_back({.steps = wanted.captured[i], .capture = static_cast<std::uint32_t>(i)});
  }
  add(rests);
}

std::uint32_t Plan::add(const std::vector<Rest>& rests) {
  auto number = static_cast<std::uint32_t>(nodes_.size());
  nodes_.emplace_back();
  Node node;
  std::map<std::string, std::vector<Rest>> names;
  std::map<std::uint64_t, std::vector<Rest>> indexes;
  std::vector<Rest> every;
  for (const Rest& rest : rests) {
    if (rest.capture == kNone) node.leads_to_copied = true;
    if (rest.capture != kNone) node.captures_below.push_back(rest.capture);
    if (rest.steps.empty()) {
      if (rest.capture == kNone) node.is_copied = true;
      if (rest.capture != kNone) node.captures.push_back(rest.capture);
      continue;
    }
    const PathStep& step = rest.steps.front();
    Rest next{.steps = rest.steps.subspan(1), .capture = rest.capture};
    if (step.kind == PathStep::Kind::kName) names[step.name].push_back(next);
    if (step.kind == PathStep::Kind::kIndex) indexes[step.index].push_back(next);
    if (step.kind == PathStep::Kind::kEvery) every.push_back(next);
  }
  for (const auto& [name, below] : names) node.members.emplace_back(name, add(below));
  if (!every.empty()) node.every = add(every);
  for (auto& [index, below] : indexes) {
    // What is wanted of every element is also wanted of this one.
    below.insert(below.end(), every.begin(), every.end());
    std::uint32_t child = add(below);
    node.elements.emplace_back(index, child);
    if (nodes_[child].leads_to_copied) node.copied_elements = index + 1;
  }
  nodes_[number] = std::move(node);
  return number;
}

}  // namespace quern::json
