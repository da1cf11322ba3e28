"""Random calls with identities for the differential test: users, roles, logins, and all services."""
from acceptance import api
from acceptance.request_generator import ENDS, RequestGenerator

rpc = api.rpc

USERS = ["root", "alice", "bob", "carol", "nopw", "ü/1"]
ROLES = ["root", "r1", "r2", "r3", "alice"]
# Mostly the first one, so that most logins succeed.
PASSWORDS = ["pw"] * 6 + ["other", ""]
# Logins that a caller may still use, whatever happened to their user since.
LOGINS_KEPT = 8
# Permissions on keys, on ranges, and from a key on: one range for each key. The order of several of
# one key follows from Go's sort, which differs between 3.5.1 and 3.7.
GRANTED = [(b"\x00", b"\x00"), (b"a", b""), (b"a\x00", b"c"), (b"b", b""), (b"b\x00", b"b\x01"),
           (b"ba", b"d0"), (b"c", b"c\x00"), (b"d/1", b"zz"), (b"d/2", b""), (b"d/3", b"\x00"),
           (b"e", b"\xff")]
METHODS = [
    ("UserAdd", 12), ("UserDelete", 3), ("UserChangePassword", 4), ("UserGrantRole", 18),
    ("UserRevokeRole", 5), ("UserGet", 6), ("UserList", 3), ("RoleAdd", 8), ("RoleDelete", 3),
    ("RoleGrantPermission", 18), ("RoleRevokePermission", 6), ("RoleGet", 6), ("RoleList", 3),
    ("AuthStatus", 4), ("Authenticate", 30), ("AuthDisable", 1), ("AuthEnable", 2)]


class AuthGenerator(RequestGenerator):
    """Generates (service, method, request, caller).

    A caller is None, "bad" for a token that nobody has, or the number of a login. Logins that
    ended, by another password for example, are used now and then.
    """

    def __init__(self, seed):
        super().__init__(seed)
        self.logins, self.ended = [], []
        self.login_count = 0
        self.is_enabled = False

    def login_began(self, user):
        """Numbers a login that succeeded."""
        number, self.login_count = self.login_count, self.login_count + 1
        self.logins = [*self.logins, (number, user)][-LOGINS_KEPT:]
        return number

    def changed(self, method, request):
        """A request of service Auth succeeded: remembers which tokens are good."""
        if method == "AuthEnable":
            self.is_enabled = True
        if method == "AuthDisable":
            self.is_enabled = False
            self.end_logins(lambda user: True)
        if method in ("UserDelete", "UserChangePassword"):
            self.end_logins(lambda user: user == request.name)

    def end_logins(self, matches):
        self.ended = [*self.ended, *(one for one in self.logins if matches(one[1]))][-4:]
        self.logins = [one for one in self.logins if not matches(one[1])]

    def newest_login(self, user):
        return next((number for number, one in reversed(self.logins) if one == user), None)

    def user_of(self, caller):
        return dict(self.logins + self.ended).get(caller, caller)

    def caller(self, root_chance=0.0):
        """A caller; with this chance the newest login of root."""
        draw = self.random.random()
        if draw < root_chance and (root := self.newest_login("root")) is not None:
            return root
        if draw > 0.98:
            return "bad"
        if draw > 0.96 and self.ended:
            return self.random.choice(self.ended)[0]
        if draw > 0.92 or not self.logins:
            return None
        return self.random.choice(self.logins)[0]

    def auth_request(self):
        methods, weights = zip(*METHODS)
        method = self.random.choices(methods, weights)[0]
        return method, getattr(self, "_" + method)()

    def call(self):
        service, method, request, caller = self.any_call()
        if hasattr(request, "DESCRIPTOR"):
            forward(request)
        return service, method, request, caller

    def any_call(self):
        if self.random.random() < 0.3 or (not self.is_enabled and self.random.random() < 0.5):
            method, request = self.auth_request()
            return "Auth", method, request, self.caller(root_chance=0.8)
        service, method, request = super().call()
        needs_root = service == "Maintenance" or method == "Compact"
        return service, method, request, self.caller(0.6 if needs_root else 0.2)

    def txn(self, depth=0):
        """3.5.1 does not check transactions inside others, and neither leases nor previous values of
        puts in one: the data of the two would differ."""
        request = super().txn(depth=0)
        for operation in [*request.success, *request.failure]:
            if operation.HasField("request_put"):
                operation.request_put.ClearField("lease")
                operation.request_put.ClearField("prev_kv")
        return request

    # Requests of service Auth

    def user(self):
        return self.random.choice(USERS) if self.random.random() < 0.97 else ""

    def role(self):
        return self.random.choice(ROLES) if self.random.random() < 0.97 else ""

    def _UserAdd(self):
        name = self.user()
        request = rpc.AuthUserAddRequest(name=name, password=self.random.choice(PASSWORDS))
        if name == "nopw" or self.random.random() < 0.05:
            request.options.no_password = True
        return request

    def _UserDelete(self):
        return rpc.AuthUserDeleteRequest(name=self.user())

    def _UserGet(self):
        return rpc.AuthUserGetRequest(name=self.user())

    def _UserList(self):
        return rpc.AuthUserListRequest()

    def _UserChangePassword(self):
        # Root keeps its password most of the time: else the test locks itself out.
        name = self.user()
        password = "pw" if name == "root" else self.random.choice(PASSWORDS)
        return rpc.AuthUserChangePasswordRequest(name=name, password=password)

    def _UserGrantRole(self):
        return rpc.AuthUserGrantRoleRequest(user=self.user(), role=self.role())

    def _UserRevokeRole(self):
        return rpc.AuthUserRevokeRoleRequest(name=self.user(), role=self.role())

    def _RoleAdd(self):
        return rpc.AuthRoleAddRequest(name=self.role())

    def _RoleDelete(self):
        return rpc.AuthRoleDeleteRequest(role=self.role())

    def _RoleGet(self):
        return rpc.AuthRoleGetRequest(role=self.role())

    def _RoleList(self):
        return rpc.AuthRoleListRequest()

    def _RoleGrantPermission(self):
        key, end = self.random.choice(GRANTED)
        return rpc.AuthRoleGrantPermissionRequest(
            name=self.role(), perm=api.authpb.Permission(
                permType=self.random.choice([0, 1, 2]), key=key, range_end=end))

    def _RoleRevokePermission(self):
        key, end = self.random.choice(GRANTED)
        return rpc.AuthRoleRevokePermissionRequest(role=self.role(), key=key, range_end=end)

    def _AuthStatus(self):
        return rpc.AuthStatusRequest()

    def _AuthEnable(self):
        return rpc.AuthEnableRequest()

    def _AuthDisable(self):
        return rpc.AuthDisableRequest()

    def _Authenticate(self):
        user = self.user()
        password = "pw" if user == "root" else self.random.choice(PASSWORDS)
        return rpc.AuthenticateRequest(name=user, password=password)

    def watch(self):
        request = rpc.WatchCreateRequest(
            key=self.key(), range_end=self.random.choice([b"", self.random.choice(ENDS)]),
            prev_kv=self.random.random() < 0.5)
        forward(request)
        return request


def forward(message):
    """Clears the ends of ranges that do not come after their keys: whether a permission covers such
    a range depends on the shape of etcd's interval tree."""
    names = message.DESCRIPTOR.fields_by_name
    if "range_end" in names and "key" in names:
        if message.range_end != b"\0" and message.range_end <= message.key:
            message.ClearField("range_end")
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for one in value if field.is_repeated else [value]:
                forward(one)
