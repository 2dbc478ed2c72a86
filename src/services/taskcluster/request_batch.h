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

// Sends many requests to a deployment concurrently, at most limits::kMostQuestionsAtOnce. Belongs to the thread of the
// Api, which it borrows; all work happens inside next() and the destructor. Each attempt is signed again, with the same
// body.
class Batch {
 public:
  struct Answer {
    std::size_t number = 0;    // the number passed to ask()
    Result<std::string> body;  // the result as from Api::ask(), at most limits::kMaxShortAnswerBytes long
  };

  explicit Batch(Api& api);
  // Cancels requests that are not answered yet; the deployment may have performed them anyway.
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  bool has_room() const;
  // The number of requests whose answers next() has not returned yet.
  std::size_t open() const;
  // `number` is returned with the answer. Call it only if has_room().
  void ask(std::size_t number, Question question);
  // Returns the next answer, in order of arrival; there must be an open request. Blocks. An error of next() itself is
  // not an answer: a stop (kStopped), which cancels everything, or a client that cannot continue.
  Result<Answer> next(const std::stop_token& stop);

 private:
  class Exchange;
  void take_ends();

  Api& api_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::deque<Answer> answers_;  // that arrived together with others
};

}  // namespace quern::taskcluster
