#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/job.h"

namespace quern {

struct JobSources {
  std::string path;                                // of the job file, for messages
  std::string folder;                              // absolute
  std::string text;                                // the job file's contents
  bool has_python_reducer = false;                 // reducer.py stands beside the mapper (short form)
  bool has_javascript_reducer = false;             // reducer.js stands beside the mapper (short form)
  std::map<std::string, std::string> environment;  // QUERN_...
  std::vector<std::string> settings;               // --set key=value, in order
};

// One setting as `quern check` shows it.
struct SettingOrigin {
  std::string key;     // "limits.memory"
  std::string value;   // as YAML; "" if the job does not set it
  std::string origin;  // "default", "analysis-tools.yml:12", "QUERN_LIMITS_MEMORY", "--set", "beside the mapper"
};

struct JobFile {
  Job job;
  std::vector<SettingOrigin> settings;  // every setting of the job, in the order of docs/job-file.md
};

// Understands a job file of either form (docs/job-file.md). Precedence: settings, environment, file, default.
// Errors are kBadConfig and name file, line, key and what would be right, with the nearest valid key for a wrong one.
// Pure: touches no file. Safe to call from any thread.
Result<JobFile> parse_job(const JobSources& sources);

// For the caller that fills JobSources: the script that a job in the short form reduces with if the file is there,
// named as the mapper's script is ("sub/reducer.py"); "" if the job says itself how to reduce, or has errors.
std::string reducer_beside_mapper(const JobSources& sources);

// What the environment sets, as arguments of --set that mean the same, in the order in which they count.
std::vector<std::string> settings_of_environment(const std::map<std::string, std::string>& environment);

// The path of every setting there is, in the order of docs/job-file.md.
std::vector<std::string> setting_names();
// The words that a setting takes, such as "keyed-json" and "text" of record; none where it takes any text or number.
std::vector<std::string> setting_words(std::string_view name);

// All settings as a job file that means the same job, each with its origin as a comment:
//   limits.memory: 256MiB  # analysis-tools.yml:12
std::string describe(const JobFile& job_file);

}  // namespace quern
