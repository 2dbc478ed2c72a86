#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/job.h"

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

}  // namespace quern::process
