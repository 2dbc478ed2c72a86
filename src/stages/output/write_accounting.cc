#include "model/accounting_json.h"
#include "services/disk/files.h"
#include "stages/output/output.h"

namespace quern::output {

Result<void> write_accounting(const Accounting& accounting, const std::string& path) {
  TRY_ASSIGN(auto file, disk::AtomicFile::create(path));
  TRY(file->write(accounting_json(accounting)));
  return file->commit();
}

}  // namespace quern::output
