#pragma once

#include <memory>

#include "model/aggregate.h"
#include "model/event.h"
#include "model/groups.h"

namespace quern {

// What the values of the groups are: values as mappers wrote them, states of an Aggregator, or terms of such states.
enum class AggregatedFrom { kValues, kStates, kTerms };

// What becomes of them: what they come to, or few terms that come to the same (Aggregator::append_terms).
enum class AggregatedTo { kResult, kTerms };

// The groups of `groups`, each with what its values come to: one value, or the N largest (largest first) of kTop. Of
// one group it holds only that. `aggregation` keeps a state. Owned by one thread. Fails as `groups` does,
// and with kBadInput if a term cannot be read.
// A value that must be a number and is none does not count, nor does one of kMin and kMax whose key has numbers too:
// GroupBad says so to `events`, the second one only with kResult, when all values of the key are known. Keys without
// any number are reported by ComparedAsText, at the end. `events` is borrowed, or nullptr.
std::unique_ptr<GroupSource> make_aggregated_groups(std::unique_ptr<GroupSource> groups, Aggregation aggregation,
                                                    AggregatedFrom from, AggregatedTo to, EventSink* events);

}  // namespace quern
