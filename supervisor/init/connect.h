// open_session: the SQL session that a job's [connection] describes.
#pragma once

#include "init/run_job.h"
#include "probe/sql_session.h"

namespace lakebed {

[[nodiscard]] Result<SqlSession> open_session(const SqlConnection& connection,
                                              const std::string& database,
                                              const JobContext& context);

} // namespace lakebed
