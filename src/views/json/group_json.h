#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "model/taskcluster/watched_group.h"
#include "views/json/json_view.h"

namespace quern::view {

// Writes how a group is made and what becomes of its tasks as lines of JSON (docs/formats/events.md).
class GroupJson : public GroupSink {
 public:
  // The last line. `accounting_json` is the content of result.json.
  virtual void accounting(std::string_view accounting_json) = 0;
  // The first failure of a write, after which nothing more was written.
  virtual Result<void> outcome() const = 0;
};

std::unique_ptr<GroupJson> make_group_json(JsonOptions options);

}  // namespace quern::view
