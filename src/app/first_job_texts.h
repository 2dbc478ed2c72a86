#pragma once

#include <string_view>

// The files of templates/, embedded at build time by cmake/embed.cmake. quern init writes them.

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
