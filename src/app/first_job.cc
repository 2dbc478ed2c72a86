#include "app/first_job.h"

#include <fmt/format.h>

#include <string>

namespace quern::app {
namespace {

struct Texts {
  std::string_view extension;
  std::string_view job;
  std::string_view mapper;
  std::string_view reducer;
  std::string_view test;
  std::string_view dockerfile;
  bool is_executable = false;
};

Texts texts_of(Language language) {
  switch (language) {
    case Language::kPython:
      return {"py",
              templates::python_job(),
              templates::python_mapper(),
              templates::python_reducer(),
              templates::python_test(),
              templates::python_dockerfile()};
    case Language::kJavascript:
      return {"js",
              templates::javascript_job(),
              templates::javascript_mapper(),
              templates::javascript_reducer(),
              templates::javascript_test(),
              templates::javascript_dockerfile()};
    case Language::kBinary:
      break;
  }
  return {"sh",
          templates::binary_job(),
          templates::binary_mapper(),
          templates::binary_reducer(),
          templates::binary_test(),
          templates::binary_dockerfile(),
          true};
}

}  // namespace

std::vector<FirstJobFile> first_job(Language language) {
  const Texts texts = texts_of(language);
  auto script = [&](std::string_view name, std::string_view text) {
    return disk::FileToCreate{fmt::format("{}.{}", name, texts.extension), text, texts.is_executable};
  };
  return {
      {{"analysis-tools.yml", texts.job}, "the job file: what runs, and over which inputs"},
      {script("mapper", texts.mapper), "gets every record"},
      {script("reducer", texts.reducer), "gets every key with its values"},
      {{"data/sample.json", templates::sample_input()}, "a few records to try it on"},
      {script("test_mapper", texts.test), "tests the mapper without quern"},
      {{"Dockerfile", texts.dockerfile}, "an image with the job in it"},
      {{".gitignore", templates::gitignore()}, "keeps results out of git"},
  };
}

std::string_view test_runner(Language language) {
  switch (language) {
    case Language::kPython:
      return "python3";
    case Language::kJavascript:
      return "node";
    case Language::kBinary:
      break;
  }
  return "sh";
}

}  // namespace quern::app
