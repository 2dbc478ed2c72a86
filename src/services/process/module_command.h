#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/job.h"

namespace quern::process {

// The command line of a `lines` or `files` module, command[0] and the script as absolute paths, then its arguments.
// python and javascript: the interpreter and the script. binary: the script itself if it contains a slash or stands in
// the job folder (it must be executable), else the program of that name on PATH.
// An error is kBadConfig and names the script and what to do. May block while it asks a shim for the real interpreter.
Result<std::vector<std::string>> module_command(const Module& module, const std::string& job_folder);

// Where the script of a python or javascript module is. An error if it is not a file that can be read.
Result<std::string> module_script(const Module& module, const std::string& job_folder);

// How a user does it without quern, to be copied into a shell: "cd FOLDER && python3 mapper.py --all".
std::string by_hand(const std::string& job_folder, std::span<const std::string> command);
std::string by_hand(const std::string& job_folder, const std::string& interpreter, const Module& module);

}  // namespace quern::process
