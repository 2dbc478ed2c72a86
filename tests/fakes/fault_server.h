#pragma once

#include <string>

#include "base/fd.h"

namespace quern::fakes {

// tests/fakes/fault_server.py, or another server there with the same way to be started, for one test; gone when this
// object is. A failure to start is a failed CHECK.
class FaultServer {
 public:
  // `plan` is the JSON that the server's own documentation describes.
  explicit FaultServer(const std::string& plan, const std::string& script = "fault_server.py");
  ~FaultServer();
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;

  // "http://127.0.0.1:PORT" + path.
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

  // The bytes of an object that is planned with this size.
  static std::string content(std::size_t size);

 private:
  int pid_ = 0;
  int port_ = 0;
  Fd lives_;   // the server's standard input
  Fd output_;  // its standard output, which is open to it as long as it lives
};

}  // namespace quern::fakes
