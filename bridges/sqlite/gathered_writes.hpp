#pragma once

namespace troupe::sqlite {

/// The name of a VFS for sqlite3_open_v2 that is SQLite's default one but for write-ahead logs: a
/// transaction's pages go there with one write. SQLite makes two of each page, and on a busy log
/// these calls cost more than what they write.
///
/// What is written and when others see it stays the same: the gathered pages are in the file before
/// SQLite says so in the shared memory, flushes, reads them back or gives the lock for writing
/// away. A failed write is reported by the call that brought it about. Thread-safe.
const char* vfs_of_gathered_writes();

}  // namespace troupe::sqlite
