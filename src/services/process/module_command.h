#pragma once

#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/job.h"
#include "model/limits.h"

// What a module's child is started with: its command, the name of its input, and links to the files of its job.

namespace quern::limits {

// How much of a script is searched for the names of variables.
inline constexpr std::size_t kSearchedScriptBytes = 16 * kMiB;

}  // namespace quern::limits

namespace quern::process {

// Returns the command line of a `lines` or `files` module: command[0] and the script as absolute paths, then its
// arguments. For python and javascript these are the interpreter and the script. For binary it is the script itself if
// its name contains a slash or it is in the job folder (it must be executable), else the program with that name on
// PATH. Errors are kBadConfig; they name the script and say what to do. May block while it asks a shim for the real
// interpreter.
Result<std::vector<std::string>> module_command(const Module& module, const std::string& job_folder,
                                                const std::stop_token& stop = {});

// Returns the path of a python or javascript module's script; fails if it is not a readable file.
Result<std::string> module_script(const Module& module, const std::string& job_folder);

// Returns the shell command that does the same without quern: "cd FOLDER && python3 mapper.py --all".
std::string by_hand(const std::string& job_folder, std::span<const std::string> command);
std::string by_hand(const std::string& job_folder, const std::string& interpreter, const Module& module);
// Advice about a module that cannot be loaded because of `how`.
std::string load_advice(const std::string& job_folder, const std::string& interpreter, const Module& module,
                        const std::string& how);

// How a `lines` or `files` child learns the name of its input: from QUERN_INPUT_FILE and from Hadoop Streaming's
// variable.

// Returns the variables, "NAME=value", for a child with this single input.
std::vector<std::string> input_variables(std::string_view name);

// Whether the command uses the name: one of its words, or a file that one of them names (relative to the job's folder),
// contains the name of such a variable, possibly as Hadoop's setting. Also checks command[0]. Reads at most
// limits::kSearchedScriptBytes of each file.
bool asks_for_input_name(const std::vector<std::string>& command, const std::string& job_folder);

inline constexpr std::size_t kMostJobLinks = 1000;

// Creates a symbolic link in a child's working folder for each top-level entry of the job folder, so that a module can
// open its lookup table or start its helper by name, as when its author runs it in the job folder. Skips hidden
// entries, and results (names that begin with result.txt, result.json, bad_records.txt or mapperOutput), which a child
// would overwrite through the link. Names that exist in the working folder stay unchanged. Returns false, without
// creating any link, if there are more than kMostJobLinks entries; modules then find the folder in QUERN_JOB_FOLDER.
Result<bool> link_job_folder(const std::string& job_folder, const std::string& working_folder);

}  // namespace quern::process
