#include "verify/step_runner.h"

#include <fmt/format.h>

#include "verify/thrift.h"

namespace lakebed {
namespace {

class Client {
  public:
    static Result<Client> open(const MetastoreStep& step, const StepContext& context) {
        return Client(TRY(Connection::open(step.host, step.port, context.deadline)));
    }

    // The result struct of a call that succeeded.
    Result<thrift::Struct> call(std::string_view method, const thrift::Struct& arguments) {
        TRY(connection_.send(thrift::encode_call(method, ++sequence_, arguments)).context(method));
        std::string bytes;
        for (;;) {
            bytes += TRY(connection_.receive().context(method));
            auto reply = TRY(thrift::decode_reply(bytes).context(method));
            if (!reply) continue;
            if (reply->sequence != sequence_)
                return fail(fmt::format("{}: the answer belongs to another call", method));
            if (reply->exception)
                return fail(fmt::format("{}: {}", method, thrift::text(reply->fields, 1)));
            for (const thrift::Field& field : reply->fields) {
                if (field.id == 0) continue;
                const auto* thrown = std::get_if<thrift::Struct>(&field.value.data);
                return fail(fmt::format("{}: {}", method,
                                        thrown ? thrift::text(*thrown, 1) : "unknown exception"));
            }
            return std::move(reply->fields);
        }
    }

  private:
    explicit Client(Connection connection) : connection_(std::move(connection)) {}
    Connection connection_;
    std::int32_t sequence_ = 0;
};

Result<void> drop(const MetastoreStep& step, const StepContext& context,
                  const std::string& database) {
    // A connection of its own: the first one may be what failed.
    auto client = TRY(Client::open(step, with_grace(context)));
    // hive_metastore.thrift: drop_database(1: string name, 2: bool deleteData, 3: bool cascade)
    TRY(client.call("drop_database", {{1, {database}}, {2, {true}}, {3, {false}}}));
    return {};
}

} // namespace

Result<std::string> run_step(const MetastoreStep& step, const StepContext& context) {
    std::string database = step.database_prefix + context.token;
    std::string location = fmt::format("{}/{}.db", step.location, database);
    auto client = TRY(Client::open(step, context));
    // struct Database { 1: name, 2: description, 3: locationUri, … }; the metastore makes the
    // directory itself, so this proves its way to the object store too.
    thrift::Struct wanted{
        {1, {database}}, {2, {std::string("made by lakebed verify")}}, {3, {location}}};
    auto created = client.call("create_database", {{1, {wanted}}});
    auto seen = [&]() -> Result<void> {
        if (!created) return tl::unexpected<Error>(created.error());
        auto fields = TRY(client.call("get_database", {{1, {database}}}));
        const auto* result = thrift::find(fields, 0);
        const auto* found = result ? std::get_if<thrift::Struct>(&result->data) : nullptr;
        if (!found || thrift::text(*found, 1) != database || thrift::text(*found, 3) != location)
            return fail(fmt::format("get_database of {} gives another database", database));
        return {};
    }();
    auto dropped = drop(step, context, database);
    TRY(std::move(seen));
    TRY(std::move(dropped));
    return fmt::format("made, read and dropped a database at {}", step.location);
}

} // namespace lakebed
