"""Networks of `transformers`, from folders as its hub has them."""

from typing import Any

from factory.errors import ConfigError
from factory.models.network import Network
from factory.models.weights import WeightStore


def pretrained(network: Network, weights: str, store: WeightStore, *kinds: str, **settings: Any) -> list[Any]:
    """An instance of each class of `transformers` (the model first, in inference mode on the network's device), of a
    set of weights. settings: of how the model is loaded. Nothing is fetched and no code of the folder is run. Raises
    ConfigError where it cannot be."""
    import transformers

    network.check_device()
    transformers.utils.logging.disable_progress_bar()
    with store.held(weights) as folder:
        try:
            model, told = getattr(transformers, kinds[0]).from_pretrained(
                folder, local_files_only=True, output_loading_info=True, **settings
            )
            others = [getattr(transformers, kind).from_pretrained(folder, local_files_only=True) for kind in kinds[1:]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ConfigError(f"weights {weights} are not of the model {network.name}: {first}") from error
    if lacking := [*told["missing_keys"], *told["mismatched_keys"]]:  # which would stay random
        parts = f"{len(lacking)} of its parts, {lacking[0]} the first"
        raise ConfigError(f"weights {weights} are not of the model {network.name}: they lack {parts}.")
    return [model.eval().to(network.device), *others]
