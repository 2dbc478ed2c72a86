#pragma once

#include <string_view>
#include <vector>

#include "model/job.h"
#include "services/disk/new_files.h"

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
