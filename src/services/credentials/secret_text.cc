#include "services/credentials/secret_text.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/encoding.h"
#include "base/utf8.h"

namespace quern::credentials {
namespace {

constexpr std::size_t kMostLevels = 8;

// Reads one JSON text. Each function removes the element it is named after from the front, and returns false if it is
// not there.
class ObjectReader {
 public:
  explicit ObjectReader(std::string_view text) : rest_(text) {}

  bool read() {
    skip_blanks();
    if (!rest_.starts_with('{') || !object("", kMostLevels)) return false;
    skip_blanks();
    return rest_.empty();
  }
  std::vector<SecretMember> take_members() { return std::move(members_); }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
  bool take(char byte) {
    if (!rest_.starts_with(byte)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::size_t digits() {
    std::size_t count = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(count);
    return count;
  }

  bool number() {
    take('-');
    if (!take('0') && digits() == 0) return false;
    if (take('.') && digits() == 0) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits() > 0;
  }

  std::optional<std::uint32_t> four_digits() {
    auto bytes = hex_decode(rest_.substr(0, 4));
    if (!bytes.has_value() || bytes->size() != 2) return std::nullopt;
    rest_.remove_prefix(4);
    auto value = static_cast<std::uint32_t>(static_cast<unsigned char>((*bytes)[0]) << 8 |
                                            static_cast<unsigned char>((*bytes)[1]));
    Secret::wipe(*bytes);
    return value;
  }

  // The digits after \u.
  bool unicode(std::string& text) {
    auto code = four_digits();
    if (!code.has_value() || (*code >= 0xDC00 && *code <= 0xDFFF)) return false;
    if (*code >= 0xD800 && *code <= 0xDBFF) {
      if (!take_word("\\u")) return false;
      auto low = four_digits();
      if (!low.has_value() || *low < 0xDC00 || *low > 0xDFFF) return false;
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
    }
    utf8::append(*code, text);
    return true;
  }

  bool escape(std::string& text) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (take('u')) return unicode(text);
    if (rest_.empty()) return false;
    std::size_t found = kNames.find(rest_.front());
    if (found == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    text += kMeant[found];
    return true;
  }

  bool text(std::string& text) {
    if (!take('"')) return false;
    // An escape is never shorter than the character that it represents.
    text.reserve(raw_size());
    while (!rest_.empty()) {
      if (take('"')) return true;
      if (take('\\')) {
        if (!escape(text)) return false;
        continue;
      }
      std::size_t bytes =
          static_cast<unsigned char>(rest_.front()) < 0x20 ? 0 : utf8::first_character(rest_).size_bytes;
      if (bytes == 0) return false;
      text.append(rest_.substr(0, bytes));
      rest_.remove_prefix(bytes);
    }
    return false;
  }
  // The size of the string that begins here, up to its closing quote.
  std::size_t raw_size() const {
    std::size_t size = 0;
    while (size < rest_.size() && rest_[size] != '"') size += rest_[size] == '\\' ? 2 : 1;
    return std::min(size, rest_.size());
  }

  bool value(const std::string& name, std::size_t levels) {
    if (rest_.starts_with('{')) return object(name + ".", levels);
    if (rest_.starts_with('[')) return array(name, levels);
    if (!rest_.starts_with('"')) return take_word("true") || take_word("false") || take_word("null") || number();
    std::string value;
    bool is_right = text(value);
    members_.push_back({.name = name, .value = Secret(std::move(value))});
    return is_right;
  }

  bool object(const std::string& prefix, std::size_t levels) {
    if (levels == 0 || !take('{')) return false;
    skip_blanks();
    if (take('}')) return true;
    do {
      skip_blanks();
      std::string name;
      if (!text(name)) return false;
      skip_blanks();
      if (!take(':')) return false;
      skip_blanks();
      if (!value(prefix + name, levels - 1)) return false;
      skip_blanks();
    } while (take(','));
    return take('}');
  }

  bool array(const std::string& name, std::size_t levels) {
    if (levels == 0 || !take('[')) return false;
    skip_blanks();
    if (take(']')) return true;
    do {
      skip_blanks();
      if (!value(name + "[]", levels - 1)) return false;
      skip_blanks();
    } while (take(','));
    return take(']');
  }

  std::string_view rest_;
  std::vector<SecretMember> members_;
};

}  // namespace

Result<Secret> read_secret(const Fd& fd, std::size_t most_bytes, std::string_view name) {
  std::string bytes(most_bytes + 1, '\0');
  std::size_t used = 0;
  while (used < bytes.size()) {
    auto count = read_some(fd, std::span(bytes).subspan(used));
    if (!count.ok()) {
      Secret::wipe(bytes);
      return std::move(count).error().with_context("reading " + std::string(name));
    }
    if (count.value() == 0) break;
    used += count.value();
  }
  if (used > most_bytes) {
    Secret::wipe(bytes);
    return bad_input(std::string(name) + " is longer than " + std::to_string(most_bytes) + " bytes");
  }
  bytes.resize(used);
  return Secret(std::move(bytes));
}

Result<std::vector<SecretMember>> read_secret_object(std::string_view text) {
  ObjectReader reader(text);
  if (!reader.read()) return bad_input("it is not a JSON object");
  return reader.take_members();
}

Secret* find_member(std::vector<SecretMember>& members, std::string_view name) {
  for (std::size_t i = members.size(); i > 0; --i) {
    if (members[i - 1].name == name) return &members[i - 1].value;
  }
  return nullptr;
}

void append_json_text(std::string& json, std::string_view text) {
  CHECK(json.capacity() - json.size() >= 6 * text.size() + 2);
  json += '"';
  for (char byte : text) {
    if (static_cast<unsigned char>(byte) < 0x20) {
      json += "\\u00";
      json += hex_encode({&byte, 1});
      continue;
    }
    if (byte == '"' || byte == '\\') json += '\\';
    json += byte;
  }
  json += '"';
}

}  // namespace quern::credentials
