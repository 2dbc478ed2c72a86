#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/taskcluster/api.h"

namespace quern::taskcluster {

// Asks a deployment many questions at a time, limits::kMostQuestionsAtOnce at most. Belongs to the thread of the Api,
// which it borrows; nothing happens but within next() and the destructor. Each attempt is signed anew, with the same
// body.
class Batch {
 public:
  struct Answer {
    std::size_t number = 0;    // as ask() was told
    Result<std::string> body;  // as Api::ask() has it, errors too; of at most limits::kMaxShortAnswerBytes
  };

  explicit Batch(Api& api);
  // Gives up what was asked and not answered yet; the deployment may have done it all the same.
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  bool has_room() const;
  // Questions whose answers next() has not given yet.
  std::size_t open() const;
  // `number` comes back with the answer. Only where there is room.
  void ask(std::size_t number, Question question);
  // The answer that comes next, whichever question it belongs to; there must be an open one. Blocks. An error is no
  // answer: a stop (kStopped), after which all is given up, or that of a client that cannot go on.
  Result<Answer> next(const std::stop_token& stop);

 private:
  class Exchange;
  void take_ends();

  Api& api_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::deque<Answer> answers_;  // that came with others
};

}  // namespace quern::taskcluster
