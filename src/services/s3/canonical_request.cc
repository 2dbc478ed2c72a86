#include "services/s3/canonical_request.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"

namespace quern::s3 {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";

// RFC 3986, 5.2.4, and merges repeated slashes.
std::string normalise(std::string_view path) {
  std::vector<std::string_view> parts;
  bool ends_with_slash = true;
  for (std::size_t begin = 0; begin < path.size();) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    std::string_view part = path.substr(begin, end - begin);
    ends_with_slash = end < path.size() || part == "." || part == "..";
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    begin = end + 1;
  }
  std::string result = "/";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    result.append(parts[i]);
    if (i + 1 < parts.size() || ends_with_slash) result += '/';
  }
  return result;
}

std::string squeeze_white_space(std::string_view value) {
  std::string result;
  bool is_between = false;
  for (char byte : value) {
    if (kWhiteSpace.find(byte) != std::string_view::npos) {
      is_between = true;
      continue;
    }
    if (is_between && !result.empty()) result += ' ';
    is_between = false;
    result += byte;
  }
  return result;
}

}  // namespace

std::string canonical_path(std::string_view path, PathRule rule) {
  std::string result = rule.normalises ? normalise(path) : std::string(path.empty() ? "/" : path);
  return rule.encodes ? percent_encode(result, "/") : result;
}

Result<std::string> canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    std::size_t end = std::min(query.find('&'), query.size());
    std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (parameter.empty()) continue;
    std::size_t equals = std::min(parameter.find('='), parameter.size());
    auto name = percent_decode(parameter.substr(0, equals));
    auto value = percent_decode(parameter.substr(std::min(equals + 1, parameter.size())));
    if (!name.has_value() || !value.has_value()) {
      return bad_input("a '%' in the query of the URL is not followed by two hexadecimal digits; write it %25");
    }
    parameters.emplace_back(percent_encode(*name), percent_encode(*value));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string result;
  for (const auto& [name, value] : parameters) {
    if (!result.empty()) result += '&';
    result.append(name).append("=").append(value);
  }
  return result;
}

CanonicalHeaders canonical_headers(const std::vector<http::Header>& headers) {
  std::map<std::string, std::string> values;
  for (const http::Header& header : headers) {
    auto [entry, is_new] = values.try_emplace(lower_case(header.name));
    if (!is_new) entry->second += ',';
    entry->second += squeeze_white_space(header.value);
  }
  CanonicalHeaders result;
  for (const auto& [name, value] : values) {
    result.lines.append(name).append(":").append(value).append("\n");
    if (!result.names.empty()) result.names += ';';
    result.names += name;
  }
  return result;
}

}  // namespace quern::s3
