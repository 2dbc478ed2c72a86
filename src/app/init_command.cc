#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "app/cli/console.h"
#include "app/commands.h"
#include "app/first_job.h"
#include "base/text.h"
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

// Lists the files, and the commands to try them, which can be copied verbatim.
std::string what_is_next(const std::string& folder, Language language, const std::vector<FirstJobFile>& files) {
  std::string text =
      fmt::format("{} is a job in {} that counts operating systems:\n", view::clean(folder), in_words(language));
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

Result<void> make_first_job(const CommandLine::Init& asked) {
  const std::string folder = folder_to_make(asked.folder);
  const std::vector<FirstJobFile> job = first_job(asked.language);
  std::vector<disk::FileToCreate> files;
  for (const FirstJobFile& made : job) files.push_back(made.file);
  TRY(disk::create_files(folder, files).context("init"));
  return print(what_is_next(folder, asked.language, job));
}

}  // namespace

int init_command(const CommandLine& line) {
  auto made = make_first_job(line.init);
  return made.ok() ? 0 : print_error(made.error());
}

}  // namespace quern::app
