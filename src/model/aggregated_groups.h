#pragma once

#include <memory>

#include "model/aggregate.h"
#include "model/event.h"
#include "model/groups.h"

namespace quern {

// What the groups hold: values as mappers wrote them, states of an Aggregator, or terms of such states.
enum class AggregatedFrom { kValues, kStates, kTerms };

// What is made of a group: its result, or a few terms that are equivalent (Aggregator::append_terms).
enum class AggregatedTo { kResult, kTerms };

// Wraps `groups` and returns, for each group, the result of its values: one value, or for kTop the N largest, largest
// first. Keeps only the current group in memory. `aggregation` must be one that keeps a state. Not thread-safe. Fails
// as `groups` does, and with kBadInput if a term is invalid.
// A value that must be a number and is not is ignored, as is a non-numeric value of kMin or kMax whose key also has
// numbers. Both are reported to `events` as GroupBad, the second only with kResult, when all values of the key are
// known. ComparedAsText reports keys without any number, at the end. `events` is borrowed and may be nullptr.
std::unique_ptr<GroupSource> make_aggregated_groups(std::unique_ptr<GroupSource> groups, Aggregation aggregation,
                                                    AggregatedFrom from, AggregatedTo to, EventSink* events);

}  // namespace quern
