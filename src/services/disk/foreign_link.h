#pragma once

#include <string>

#include "base/result.h"

namespace quern::disk {

// kDenied if the path is a symbolic link that another user created in a folder where others may write (such as /tmp):
// writing to it would go to a place that this user chose. The kernel has the same rule (fs.protected_symlinks), but not
// on every system, and it does not apply to programs that resolve links themselves. Does not check links among the
// folders of the path.
Result<void> refuse_foreign_link(const std::string& path);

}  // namespace quern::disk
