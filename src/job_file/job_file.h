#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/job.h"

namespace quern {

struct JobSources {
  std::string path;                                // the path of the job file, for messages
  std::string folder;                              // absolute
  std::string text;                                // the job file's contents
  bool has_python_reducer = false;                 // reducer.py exists next to the mapper (short form)
  bool has_javascript_reducer = false;             // reducer.js exists next to the mapper (short form)
  std::map<std::string, std::string> environment;  // QUERN_...
  std::vector<std::string> settings;               // --set key=value, in order
  std::map<std::string, std::string> options;      // short for --set: "--memory" for "limits.memory"
};

// One setting as `quern check` shows it.
struct SettingOrigin {
  std::string key;     // "limits.memory"
  std::string value;   // as YAML; "" if the job does not set it
  std::string origin;  // "default", "analysis-tools.yml:12", "QUERN_LIMITS_MEMORY", "--set", "-p", "beside the mapper"
};

struct JobFile {
  Job job;
  std::vector<SettingOrigin> settings;  // every setting of the job, in the order of docs/job-file.md
};

// Parses a job file of either form (docs/job-file.md). Precedence: --set, environment, file, default. Errors are
// kBadConfig; they name the file, the line, the key and what would be valid, and suggest the nearest key for an unknown
// one. Pure: touches no file. Thread-safe.
Result<JobFile> parse_job(const JobSources& sources);

// For the caller that fills JobSources: returns the script that a job in the short form would use as its reducer if the
// file exists, named like the mapper's script ("sub/reducer.py"); "" if the job specifies its own reducer or has
// errors.
std::string reducer_beside_mapper(const JobSources& sources);

// Returns the settings from the environment as equivalent arguments of --set, in order of precedence.
std::vector<std::string> settings_of_environment(const std::map<std::string, std::string>& environment);

// Returns the path of every setting, in the order of docs/job-file.md.
std::vector<std::string> setting_names();
// Returns the words that a setting accepts, such as "keyed-json" and "text" for record; empty if it accepts any text or
// number.
std::vector<std::string> setting_words(std::string_view name);

// Writes all settings as an equivalent job file, each with its origin as a comment:
//   limits.memory: 256MiB # analysis-tools.yml:12
std::string describe(const JobFile& job_file);

}  // namespace quern
