#pragma once

#include <string_view>
#include <vector>

#include "model/job.h"
#include "services/disk/new_files.h"

namespace quern::app {

struct FirstJobFile {
  disk::NewFile file;
  std::string_view purpose;  // what it is for, in a few words
};

// The files of a job to begin with, which runs as it stands, in the order in which a reader wants them. Their texts are
// those of templates/ and live as long as the program.
std::vector<FirstJobFile> first_job(Language language);

// The program that runs the test of its mapper, wherever it is started: "python3".
std::string_view test_runner(Language language);

}  // namespace quern::app
