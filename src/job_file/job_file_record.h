#pragma once

#include <string>
#include <vector>

#include "job_file/job_file_yaml.h"
#include "model/job.h"

// The setting `record`: a word, or a map of one kind with its settings. Errors are as in job_file_values.h.

namespace quern::job_file {

std::vector<std::string> record_words();
Result<void> read_record(const YamlNode& node, Job& job);
std::string show_record(const Job& job);
// The value of `record` for records of this kind, or else of this format.
std::string show_record(RecordKind kind, const std::optional<RecordFormat>& format);

}  // namespace quern::job_file
