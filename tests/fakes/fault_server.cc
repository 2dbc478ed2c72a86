#include "fakes/fault_server.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/result.h"

namespace quern::fakes {
namespace {

std::string path_of(const std::string& script) {
  const char* source = std::getenv("QUERN_SOURCE_DIR");
  return (source != nullptr ? std::string(source) : std::string(".")) + "/tests/fakes/" + script;
}

int read_port(const Fd& output) {
  std::string line;
  char byte = 0;
  while (::read(output.number(), &byte, 1) == 1 && byte != '\n') line += byte;
  return std::atoi(line.c_str());
}

}  // namespace

FaultServer::FaultServer(const std::string& plan, const std::string& script) {
  Pipe input = make_pipe(4096).value();
  Pipe output = make_pipe(4096).value();
  std::string plan_path = "/tmp/fault_server_plan.XXXXXX";
  Fd plan_file(::mkstemp(plan_path.data()));
  CHECK(write_all(plan_file, plan).ok());
  posix_spawn_file_actions_t actions;
  CHECK(::posix_spawn_file_actions_init(&actions) == 0);
  CHECK(::posix_spawn_file_actions_adddup2(&actions, input.read_end.number(), 0) == 0);
  CHECK(::posix_spawn_file_actions_adddup2(&actions, output.write_end.number(), 1) == 0);
  std::string path = path_of(script);
  std::array<const char*, 5> arguments = {"/usr/bin/python3", path.c_str(), "--plan", plan_path.c_str(), nullptr};
  CHECK(::posix_spawn(&pid_, arguments[0], &actions, nullptr, const_cast<char**>(arguments.data()), environ) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
  output.write_end.reset();
  port_ = read_port(output.read_end);
  ::unlink(plan_path.c_str());
  CHECK(port_ > 0);
  lives_ = std::move(input.write_end);
  output_ = std::move(output.read_end);
}

// It ends by itself when its standard input does, and takes with it what it started.
FaultServer::~FaultServer() {
  lives_.reset();
  ::waitpid(pid_, nullptr, 0);
}

std::string FaultServer::content(std::size_t size) {
  std::string bytes;
  bytes.reserve(size + 16);
  std::array<char, 32> line{};
  for (std::size_t number = 0; bytes.size() < size; ++number) {
    bytes.append(line.data(), static_cast<std::size_t>(std::snprintf(line.data(), line.size(), "%015zu\n", number)));
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace quern::fakes
