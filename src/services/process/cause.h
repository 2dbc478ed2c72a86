#pragma once

#include <string>
#include <vector>

namespace quern::process {

// Why a child failed, for the user. Every failure of a child is shown in this format. Empty parts are omitted.
struct Cause {
  std::string what;                    // "mapper 2 (mapper.py)"
  std::string where_label = "input";   // the label of `where`: "input" for a mapper, "key" for a reducer
  std::string where;                   // "data/a.gz, record 17"
  std::string how;                     // Exit::in_words(), or what the child did wrong
  std::vector<std::string> log_lines;  // Child::last_log_lines(), which contains the module's traceback
  std::string action;                  // how quern reacted
  std::string advice;                  // what the user can try
};

// Returns the lines, without a '\n' at the end:
//   mapper 1 (mapper.py) failed
//     input   data/a.xz, record 17
//     how     killed by signal 11 (SIGSEGV, segmentation fault)
//     its last words
//       Traceback (most recent call last):
//       ...
//     quern   started another child and sent the block again, 3 times
//     try     run the record alone: ...
std::string cause_block(const Cause& cause);

}  // namespace quern::process
