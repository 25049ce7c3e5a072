"""Models for one run: by role, many calls at once, one budget for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from workbench.domain.job import Budget, ModelInput
from workbench.domain.model_call import Completion, ModelGrant, Prompt
from workbench.llm.cache import ResponseCache
from workbench.llm.client import ModelClient
from workbench.llm.ledger import Ledger, Spent
from workbench.llm.profiles import EndpointProfile
from workbench.llm.proxy import ModelProxy

#: The role whose endpoint answers for a role that nobody named one for.
ANY_ROLE = "*"


class ModelService:
    """Serves the prompts of a run; ``close`` ends what is under way.

    ``by_role`` has an endpoint for each role, and may have one for ``ANY_ROLE``. Endpoints of one
    server share their connections; each role has as many calls at once as its endpoint allows.
    """

    def __init__(
        self,
        by_role: Mapping[str, EndpointProfile],
        budget: Budget,
        *,
        cache: ResponseCache | None = None,
        redact: Callable[[str], str] | None = None,
    ) -> None:
        self._ledger = Ledger(budget)
        self._closing = threading.Event()
        self._clients: dict[str, ModelClient] = {}
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._by_role = dict(by_role)
        self._redact = redact
        self._proxy: ModelProxy | None = None
        extra = {} if redact is None else {"redact": redact}
        for profile in by_role.values():
            if profile.name not in self._clients:
                self._clients[profile.name] = ModelClient(
                    profile, self._ledger, cache=cache, **extra
                )
                self._pools[profile.name] = ThreadPoolExecutor(
                    max(1, profile.concurrency), thread_name_prefix=f"model-{profile.name}"
                )

    @property
    def spent(self) -> Spent:
        """What was used up so far."""
        return self._ledger.spent

    def models_for(self, roles: Iterable[str]) -> tuple[ModelInput, ...]:
        """Return the models that answer for these roles and for those named here, with prices."""
        named = {*roles, *self._by_role} - {ANY_ROLE}
        found = [(role, self._profile(role)) for role in sorted(named)]
        return tuple(
            ModelInput(role, profile.model, profile.price_input, profile.price_output)
            for role, profile in found
            if profile is not None
        )

    def proxy_grants(self) -> dict[str, ModelGrant]:
        """Return addresses and keys of this run for programs; the proxy starts with the first."""
        if self._proxy is None:
            self._proxy = ModelProxy(self._by_role, self._ledger, self._redact)
        return self._proxy.grants

    def prepare(self) -> None:
        """Begin what a first call has to wait for, in threads of its own; nothing is sent."""
        for name, pool in self._pools.items():
            with suppress(RuntimeError):
                pool.submit(self._clients[name].prepare)

    def ask(self, prompt: Prompt, answered: Callable[[Completion], None]) -> None:
        """Have a prompt answered; ``answered`` is called once, from another thread."""
        profile = self._profile(prompt.role)
        if profile is None:
            answered(_no_model(prompt.role))
            return

        def run() -> None:
            answered(self.complete(prompt))

        try:
            self._pools[profile.name].submit(run)
        except RuntimeError:
            answered(_stopped())

    def complete(self, prompt: Prompt, cancelled: Callable[[], bool] | None = None) -> Completion:
        """Ask and wait, in the caller's own thread."""
        profile = self._profile(prompt.role)
        if profile is None:
            return _no_model(prompt.role)
        if self._closing.is_set():
            return _stopped()

        def stopped() -> bool:
            return self._closing.is_set() or (cancelled is not None and cancelled())

        return self._clients[profile.name].complete(prompt, stopped)

    def close(self) -> None:
        """Stop: calls that wait are not made, those under way end at their next piece."""
        self._closing.set()
        if self._proxy is not None:
            self._proxy.close()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()
        for pool in self._pools.values():
            pool.shutdown(wait=True)

    def _profile(self, role: str) -> EndpointProfile | None:
        return self._by_role.get(role) or self._by_role.get(ANY_ROLE)


def _no_model(role: str) -> Completion:
    return Completion(
        refused=f"There is no endpoint for the role '{role}'. Choose one.", refusal="unavailable"
    )


def _stopped() -> Completion:
    return Completion(refused="The run was stopped.", refusal="failed")
