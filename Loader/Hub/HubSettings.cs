namespace Managed.Loader.Hub;

/// <summary>Where the hub is, where its cache lies, and who asks: the environment variables that the hub's own tools read.</summary>
internal sealed record HubSettings
{
    private const string DefaultEndpoint = "https://huggingface.co";
    private static readonly string[] s_true = ["1", "ON", "YES", "TRUE"];

    public required Uri Endpoint { get; init; }

    /// <summary>The folder that holds models--owner--name.</summary>
    public required string CacheFolder { get; init; }

    public string? Token { get; init; }

    /// <summary>Never touch the network.</summary>
    public bool Offline { get; init; }

    public static HubSettings FromEnvironment() => Read(Environment.GetEnvironmentVariable);

    public static HubSettings Read(Func<string, string?> variable)
    {
        string? Value(string name) => string.IsNullOrWhiteSpace(variable(name)) ? null : variable(name)!.Trim();
        string home = Value("HOME") ?? Value("USERPROFILE") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string Expanded(string path) => path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? home + path[1..] : path;

        string hub = Expanded(Value("HF_HOME") ?? Path.Combine(Value("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "huggingface"));
        string tokenFile = Expanded(Value("HF_TOKEN_PATH") ?? Path.Combine(hub, "token"));
        return new HubSettings
        {
            Endpoint = Address(Value("HF_ENDPOINT") ?? DefaultEndpoint),
            CacheFolder = Path.GetFullPath(Expanded(Value("HF_HUB_CACHE") ?? Value("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(hub, "hub"))),
            Token = Checked(Value("HF_TOKEN") ?? Value("HUGGING_FACE_HUB_TOKEN") ?? ReadToken(tokenFile)),
            Offline = s_true.Contains((Value("HF_HUB_OFFLINE") ?? Value("TRANSFORMERS_OFFLINE"))?.ToUpperInvariant()),
        };
    }

    private static Uri Address(string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out Uri? address) && address.Scheme is "https" or "http" && address.Query.Length == 0
            ? address
            : throw new HubException($"HF_ENDPOINT is '{text}'; expected an address such as {DefaultEndpoint}.");

    private static string? ReadToken(string file)
    {
        if (!File.Exists(file))
            return null;
        string token = File.ReadAllText(file).Trim();
        return token.Length == 0 ? null : token;
    }

    // A token goes into a header: a line break in it would be a header of its own. The message must not show it.
    private static string? Checked(string? token) => token is null || token.All(c => c is > ' ' and < '\x7f')
        ? token
        : throw new HubException("The hub token (HF_TOKEN or the token file) holds spaces or other characters that no token has; copy it again.");
}
