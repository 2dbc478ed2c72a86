#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "job_file/job_file_yaml.h"
#include "model/aggregate.h"
#include "model/job.h"

// The built-in aggregations as a job file names them. Errors continue after the key, as in job_file_values.h.

namespace quern::job_file {

// Reads sum, top:10, p99.9 and so on.
Result<Builtin> read_aggregate(const std::string& written, AggregatedBy by = AggregatedBy::kReducer);
std::string show_aggregate(const Builtin& builtin);

// Reads the map of `aggregate:`, as in {orders: count, revenue: sum amount}.
Result<std::vector<Column>> read_columns(const YamlNode& node);
// Writes it as YAML on one line; "" if there are no columns.
std::string show_columns(std::span<const Column> columns);

}  // namespace quern::job_file
