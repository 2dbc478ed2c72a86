#include "services/credentials/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"
#include "base/text.h"
#include "model/limits.h"
#include "services/credentials/secret_text.h"

namespace quern::credentials {
namespace {

Result<NewFile> create_key_file(const std::string& path, unsigned mode) {
  auto file = NewFile::create(path, mode);
  if (file.ok() || file.error().code != EEXIST) return file;
  return Error{.kind = ErrorKind::kDenied,
               .message = path + " is there already, and quern overwrites no key; name another file, or move it away",
               .code = EEXIST};
}

Result<void> check_mode(const Fd& fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd.number(), &status) != 0) return os_error("looking at " + path, errno);
  if (S_ISDIR(status.st_mode)) return os_error("reading the key " + path, EISDIR);
  // A pipe, such as <(command), is private to this process.
  if (!S_ISREG(status.st_mode) || (status.st_mode & (S_IRWXO | S_IWGRP)) == 0) return {};
  return Error{
      .kind = ErrorKind::kDenied,
      .message = fmt::format("the private key {} is open to others (its mode is {:04o}), so it may be known or "
                             "changed; run: chmod 600 {}",
                             path, status.st_mode & 07777, shell_word(path))};
}

// Returns the path of the file with the private key.
Result<std::string> find_private_key(const std::string& named, const EnvironmentLookup& environment,
                                     const std::string& system) {
  if (!named.empty()) return named;
  const char* from_environment = environment("QUERN_KEY_FILE");
  if (from_environment != nullptr && *from_environment != '\0') return std::string(from_environment);
  if (::access(system.c_str(), F_OK) == 0) return system;
  return Error{.kind = ErrorKind::kNotFound,
               .message = fmt::format("there is no private key: --key was not given, QUERN_KEY_FILE is not set, and {} "
                                      "does not exist; name one with --key FILE, or make one with: quern credentials "
                                      "keygen",
                                      system),
               .code = ENOENT};
}

// Explains in messages where the file's path comes from.
std::string origin(const std::string& path, const std::string& named, const std::string& system) {
  if (!named.empty()) return "--key";
  return path == system ? "the system's key" : "QUERN_KEY_FILE";
}

}  // namespace

std::string public_path_of(const std::string& private_path) {
  constexpr std::string_view kEnding = ".pem";
  if (!private_path.ends_with(kEnding)) return private_path + ".pub";
  return private_path.substr(0, private_path.size() - kEnding.size()) + ".pub.pem";
}

Result<KeyFiles> write_key(const PrivateKey& key, const std::string& private_path) {
  KeyFiles files{.private_path = private_path, .public_path = public_path_of(private_path)};
  TRY_ASSIGN(Secret private_pem, key.pem());
  TRY_ASSIGN(std::string public_pem, key.public_pem());
  TRY_ASSIGN(NewFile private_file, create_key_file(files.private_path, 0600));
  TRY_ASSIGN(NewFile public_file, create_key_file(files.public_path, 0644));
  TRY(private_file.write(private_pem.reveal()));
  TRY(public_file.write(public_pem));
  private_file.keep();
  public_file.keep();
  return files;
}

Result<LoadedKey> load_private_key(const std::string& named, const EnvironmentLookup& environment,
                                   const std::string& system) {
  TRY_ASSIGN(std::string path, find_private_key(named, environment, system));
  auto fd = open_file(path, O_RDONLY);
  if (!fd.ok()) return std::move(fd).error().with_context("the private key of " + origin(path, named, system));
  TRY(check_mode(fd.value(), path));
  TRY_ASSIGN(Secret pem, read_secret(fd.value(), limits::kMaxKeyFileBytes, path));
  TRY_ASSIGN(PrivateKey key, PrivateKey::from_pem(pem, path));
  return LoadedKey{.key = std::move(key), .path = std::move(path)};
}

Result<PublicKey> load_public_key(const std::string& path) {
  TRY_ASSIGN(Fd fd, open_file(path, O_RDONLY));
  TRY_ASSIGN(Secret pem, read_secret(fd, limits::kMaxKeyFileBytes, path));
  return PublicKey::from_pem(pem, path);
}

}  // namespace quern::credentials
