using System.Diagnostics.CodeAnalysis;
using Managed.Hooks;

namespace Managed;

/// <summary>What a run read at its hook points.</summary>
public sealed class ActivationCache
{
    private readonly Dictionary<HookAddress, Activation> activations = [];
    private readonly HookNames names;

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

    internal void Add(HookAddress address, Activation activation) => activations[address] = activation;

    internal bool Contains(HookAddress address) => activations.ContainsKey(address);

    private Activation Find(HookAddress address, string asked) => activations.TryGetValue(address, out Activation? found) ? found
        : throw new HookPointException($"'{asked}' ({address}) was not read in this run; read were {Summary()}.");

    private string Summary() => activations.Count == 0 ? "no hook points"
        : activations.Count <= 6 ? string.Join(", ", Names)
        : $"{activations.Count} hook points, {activations.Keys.First()} to {activations.Keys.Last()}";
}
