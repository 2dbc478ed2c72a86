#pragma once

#include <string_view>
#include <vector>

#include "model/job.h"
#include "services/disk/new_files.h"

// The first job that `quern init` writes, and the texts of its files.

namespace quern::app {

struct FirstJobFile {
  disk::FileToCreate file;
  std::string_view purpose;  // in a few words
};

// The files of a first job that runs without changes, in the order in which a reader should see them. Their texts are
// those of templates/ and live as long as the program.
std::vector<FirstJobFile> first_job(Language language);

// The program that runs the mapper's test, from any folder: "python3".
std::string_view test_runner(Language language);

}  // namespace quern::app

// The files of templates/, embedded at build time by cmake/embed.cmake.
namespace quern::app::templates {

std::string_view python_job();
std::string_view python_mapper();
std::string_view python_reducer();
std::string_view python_test();
std::string_view python_dockerfile();

std::string_view javascript_job();
std::string_view javascript_mapper();
std::string_view javascript_reducer();
std::string_view javascript_test();
std::string_view javascript_dockerfile();

std::string_view binary_job();
std::string_view binary_mapper();
std::string_view binary_reducer();
std::string_view binary_test();
std::string_view binary_dockerfile();

// For quern init --from; own_job.cc fills them in.
std::string_view own_job();
std::string_view own_python_mapper();
std::string_view own_python_test();
std::string_view own_javascript_mapper();
std::string_view own_javascript_test();

std::string_view sample_input();
std::string_view gitignore();

}  // namespace quern::app::templates
