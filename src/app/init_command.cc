#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "app/cli/console.h"
#include "app/commands.h"
#include "app/first_job.h"
#include "app/look/look_inputs.h"
#include "app/own_job.h"
#include "base/text.h"
#include "services/disk/files.h"
#include "services/disk/new_files.h"
#include "views/terminal/terminal_text.h"
#include "views/terminal/view.h"

namespace quern::app {
namespace {

// A folder whose name begins with a dash must not be taken for an option, neither here nor in what is printed.
std::string folder_to_make(std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return folder.starts_with('-') ? "./" + folder : folder;
}

std::string_view in_words(Language language) {
  switch (language) {
    case Language::kPython:
      return "Python";
    case Language::kJavascript:
      return "JavaScript";
    case Language::kBinary:
      break;
  }
  return "shell scripts";
}

// Lists the files, and the commands to try them, which can be copied verbatim. `does` is what the job does.
std::string what_is_next(const std::string& folder, Language language, std::string_view does,
                         const std::vector<FirstJobFile>& files) {
  std::string text =
      fmt::format("{} is a job in {} that {}:\n", view::clean(folder), in_words(language), view::clean(does));
  std::string test;
  for (const FirstJobFile& made : files) {
    text += fmt::format("  {:<20} {}\n", made.file.name, made.purpose);
    if (made.file.name.starts_with("test_mapper.")) test = made.file.name;
  }
  const bool is_here = folder == ".";
  const std::string job = is_here ? "" : fmt::format(" {}", view::clean(shell_word(folder)));
  const std::string test_path = view::clean(shell_word(is_here ? test : fmt::format("{}/{}", folder, test)));
  return text + fmt::format(
                    "\nNext:\n"
                    "  quern run{0} && cat result.txt\n"
                    "  {1} {2}\n"
                    "  quern run{0} -i FILE...    over inputs of your own\n"
                    "{3}first-job.md goes on from there.\n",
                    job, test_runner(language), test_path, docs_folder());
}

Result<void> make_job(const CommandLine::Init& asked, std::string_view does, const std::vector<FirstJobFile>& job) {
  const std::string folder = folder_to_make(asked.folder);
  std::vector<disk::FileToCreate> files;
  for (const FirstJobFile& made : job) files.push_back(made.file);
  TRY(disk::create_files(folder, files).context("init"));
  return print(what_is_next(folder, asked.language, does, job));
}

// Paths are relative to the job's folder there, and to the working folder here.
Result<std::vector<std::string>> inputs_of_job(const CommandLine& line) {
  TRY_ASSIGN(const std::string here, disk::working_folder());
  const std::string folder = disk::absolute_path(line.init.folder, here);
  std::vector<std::string> inputs;
  for (const std::string& input : line.inputs) {
    const bool is_relative = !input.starts_with('/') && input.find("://") == std::string::npos;
    const auto path = std::filesystem::path(here) / input;
    inputs.push_back(is_relative ? path.lexically_normal().lexically_relative(folder).string() : input);
  }
  return inputs;
}

Result<void> make_own_job(const CommandLine& line) {
  if (line.init.language == Language::kBinary) {
    return bad_config("init: with --from, the language is python or javascript");
  }
  if (std::find(line.inputs.begin(), line.inputs.end(), "-") != line.inputs.end()) {
    return bad_config("init: --from takes inputs, and not - for names on standard input: the job file lists them");
  }
  TRY_ASSIGN(const Look look, look_at_inputs(line, line.look.records));
  if (look.read_inputs == 0) return bad_input(fmt::format("init: {}: {}", look.failed[0].name, look.failed[0].reason));
  TRY_ASSIGN(const std::vector<std::string> inputs, inputs_of_job(line));
  const OwnJob job = own_job(look, line.init.language, inputs);
  std::vector<FirstJobFile> files;
  for (const OwnJobFile& made : job.files) files.push_back({{made.name, made.text}, made.purpose});
  return make_job(line.init, job.does, files);
}

}  // namespace

int init_command(const CommandLine& line) {
  auto made = line.inputs.empty() ? make_job(line.init, "counts operating systems", first_job(line.init.language))
                                  : make_own_job(line);
  return made.ok() ? 0 : print_error(made.error());
}

}  // namespace quern::app
