#pragma once

#include <string>
#include <vector>

#include "app/look/look.h"
#include "model/job.h"
#include "services/disk/new_files.h"

namespace quern::app {

struct OwnJobFile {
  std::string name;
  std::string text;
  std::string_view purpose;  // in a few words
};

struct OwnJob {
  std::vector<OwnJobFile> files;
  std::string does;  // what it does: "adds up ms for each country"
};

// The files of a job over inputs that were looked at: its mapper groups the records by a field with few values and, if
// there is one, hands on a number; its test has one of the records, reduced to these fields. If records have no such
// field, the mapper counts those of each input. `inputs` are as the job file has them; `language` is Python or
// JavaScript. Pure.
OwnJob own_job(const Look& look, Language language, const std::vector<std::string>& inputs);

}  // namespace quern::app
