// Who is there is known by the connection: a login is kept for it, and a layer asks for a role.
#pragma once

#include <appd/app.h>

#include <map>
#include <string>

struct User {
  std::string name;  // empty: has not logged in
  bool admin = false;
};

struct Account {
  std::string password;  // a daemon of yours keeps a hash of it (crypt(3))
  bool admin = false;
};
using Accounts = std::map<std::string, Account, std::less<>>;

inline appd::Layer admins_only(std::string prefix) {
  return [prefix = std::move(prefix)](const appd::Request& request,
                                      appd::Next& next) -> appd::Result<void> {
    if (!request.action.starts_with(prefix)) return next();
    appd::SessionData* const data = request.session_data();
    if (data != nullptr && data->get<User>().admin) return next();
    return appd::fail(appd::Status::kInvalidAction,
                      "only admins may call " + std::string(request.action));
  };
}

inline void add_login(appd::App& app, Accounts accounts) {
  app.session_data<User>();
  app.use(admins_only("admin."));
  app.on("login",
         [accounts = std::move(accounts)](std::string_view name, std::string_view password,
                                          User& me) -> appd::Result<void> {
           const auto found = accounts.find(name);
           if (found == accounts.end() || found->second.password != password) {
             return appd::fail(appd::Status::kInvalidArgument, "wrong name or password");
           }
           me = {.name = std::string(name), .admin = found->second.admin};
           return {};
         },
         {.parameters = {"name", "password"}});
  app.on("logout", [](User& me) { me = {}; });
  app.on("whoami", [](const User& me) -> appd::Result<std::string> {
    if (me.name.empty()) return appd::fail(appd::Status::kInvalidAction, "log in first");
    return me.name;
  });
  app.on("admin.greet", [](std::string_view whom) { return "hello, " + std::string(whom); });
}
