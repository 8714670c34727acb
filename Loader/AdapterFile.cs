namespace Managed.Loader;

internal sealed class AdapterFile
{
    public const string WeightsName = "adapter_model.safetensors";
}
