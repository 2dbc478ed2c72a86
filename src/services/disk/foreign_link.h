#pragma once

#include <string>

#include "base/result.h"

namespace quern::disk {

// kDenied if the path is a symbolic link that another user has put into a folder where others may write (as /tmp): what
// is written there would go where that user wants. The kernel has the same rule (fs.protected_symlinks), but not
// everywhere, and not for those who read a link by themselves. The links in the folders of the path are not looked at.
Result<void> refuse_foreign_link(const std::string& path);

}  // namespace quern::disk
