using System.Diagnostics.CodeAnalysis;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed;

/// <summary>What a run read at its hook points.</summary>
/// <remarks>
/// It may be kept as long as one likes, beyond the model's end, too. Where runs follow each other on a GPU, disposing it gives its memory to the
/// next at once rather than when the garbage collector has found it: memory that a GPU copies to is slow to get.
/// </remarks>
public sealed class ActivationCache : IDisposable
{
    private readonly Dictionary<HookAddress, Activation> activations = [];
    private readonly HookNames names;
    private IDevice? device;

    internal ActivationCache(HookNames names) => this.names = names;

    /// <summary>Full names of all that was read, in the order of the forward pass.</summary>
    public IEnumerable<string> Names => activations.Keys.Select(address => address.ToString());

    /// <summary>Everything that was read, in the order of the forward pass.</summary>
    public IEnumerable<Activation> All => activations.Values;

    /// <summary>Number of hook points that were read.</summary>
    public int Count => activations.Count;

    /// <summary>What was read at a hook point, by its full name, alias or shorthand.</summary>
    /// <exception cref="HookPointException">There is no such hook point, or it was not read in this run.</exception>
    public Activation this[string name] => Find(names.ResolveOne(name), name);

    /// <summary>What was read at a hook point of one layer; negative layers count from the last.</summary>
    /// <exception cref="HookPointException">There is no such hook point, or it was not read in this run.</exception>
    public Activation this[string name, int layer, string? layerType = null] => Find(names.ResolveOne(name, layer, layerType), name);

    /// <summary>What was read at a hook point, if it was.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out Activation? activation) =>
        activations.TryGetValue(names.ResolveOne(name), out activation);

    /// <summary>Gives the memory of all that was read to following runs; spans of it must not be used any more, and nothing can be read here.</summary>
    public void Dispose()
    {
        foreach (Activation activation in activations.Values)
            activation.GiveBack(device!);
        activations.Clear();
        device = null;
    }

    /// <param name="address">Where it was read.</param>
    /// <param name="activation">What was read.</param>
    /// <param name="from">Whose memory it lies in.</param>
    internal void Add(HookAddress address, Activation activation, IDevice from) => (activations[address], device) = (activation, from);

    internal bool Contains(HookAddress address) => activations.ContainsKey(address);

    private Activation Find(HookAddress address, string asked) => activations.TryGetValue(address, out Activation? found) ? found
        : throw new HookPointException($"'{asked}' ({address}) was not read in this run; read were {Summary()}.");

    private string Summary() => activations.Count == 0 ? "no hook points"
        : activations.Count <= 6 ? string.Join(", ", Names)
        : $"{activations.Count} hook points, {activations.Keys.First()} to {activations.Keys.Last()}";
}
