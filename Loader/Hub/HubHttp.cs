using System.Net;
using System.Net.Http.Headers;

namespace Managed.Loader.Hub;

/// <summary>Requests to the hub: redirects followed by hand, so that the token stays with its host; patience with busy servers.</summary>
internal sealed class HubHttp : IDisposable
{
    private const int MostRedirects = 10;
    private readonly HttpClient _client;
    private const int AttemptsToReach = 2;
    private readonly HubSettings _settings;
    private volatile bool _reached;

    public HubHttp(HubSettings settings, HubTiming timing)
    {
        _settings = settings;
        Timing = timing;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = timing.Stall };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("managed", "0.1"));
        // a compressed body would have another length, and ranges of it would not join
        _client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    public HubTiming Timing { get; }

    /// <summary>An address below the endpoint; every part is escaped.</summary>
    public Uri Address(params IEnumerable<string> parts) =>
        new(_settings.Endpoint.AbsoluteUri.TrimEnd('/') + "/" + string.Join('/', parts.Select(Uri.EscapeDataString)));

    /// <summary>
    /// The answer once the server is neither busy nor broken: a success, 416, or a refusal for the caller to explain.
    /// Only the headers are read. With `untilLinked`, a redirect that already tells the file's hash is the answer.
    /// </summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, long from, bool untilLinked, CancellationToken cancellation)
    {
        for (int failures = 1; ; failures++)
        {
            TimeSpan wait;
            string found;
            try
            {
                HttpResponseMessage response = await FollowAsync(method, address, from, untilLinked, cancellation).ConfigureAwait(false);
                _reached = true;
                if (!IsPassing(response.StatusCode))
                    return response;
                found = $"{(int)response.StatusCode} {response.ReasonPhrase}";
                wait = RetryAfter(response) ?? HubTiming.Backoff(failures);
                response.Dispose();
            }
            catch (HttpRequestException failure) when (failures < (_reached ? Timing.Attempts : AttemptsToReach))
            {
                (found, wait) = (failure.Message, HubTiming.Backoff(failures));
            }
            catch (HttpRequestException failure)
            {
                throw new HubException($"{address.Host} cannot be reached: {failure.Message.TrimEnd('.')}. Check the network, HF_ENDPOINT and the proxy settings; HF_HUB_OFFLINE=1 uses only what was pulled before.", failure);
            }
            if (failures >= Timing.Attempts)
                throw new HubException($"{address.Host} answers {found} after {failures} attempts; try again later, what has arrived is kept.");
            if (wait > Timing.LongestWait)
                throw new HubException($"{address.Host} answers {found} and asks to wait {wait.TotalSeconds:0} s; try again then, what has arrived is kept. A token (HF_TOKEN) raises the limit.");
            await Timing.Sleep(wait, cancellation).ConfigureAwait(false);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> FollowAsync(HttpMethod method, Uri address, long from, bool untilLinked, CancellationToken cancellation)
    {
        Uri at = address;
        for (int hop = 0; hop <= MostRedirects; hop++)
        {
            HttpResponseMessage response = await SendOnceAsync(method, at, from, cancellation).ConfigureAwait(false);
            bool redirects = (int)response.StatusCode is 301 or 302 or 303 or 307 or 308;
            if (!redirects || (untilLinked && response.Headers.Contains(HubHeaders.LinkedEtag)))
                return response;
            using (response)
                at = Target(at, response.Headers.Location);
        }
        throw new HubException($"{address} redirects more than {MostRedirects} times, now to {at.GetLeftPart(UriPartial.Path)}; the server is misconfigured.");
    }

    private static Uri Target(Uri from, Uri? location)
    {
        if (location is null)
            throw new HubException($"{from.GetLeftPart(UriPartial.Path)} redirects without saying where to (no Location); the server is misconfigured.");
        var target = new Uri(from, location);
        if (target.Scheme is not ("https" or "http") || (from.Scheme == "https" && target.Scheme == "http"))
            throw new HubException($"{from.GetLeftPart(UriPartial.Path)} redirects to {target.GetLeftPart(UriPartial.Path)}; expected a target as safe as https.");
        return target;
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, Uri address, long from, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address);
        if (from > 0)
            request.Headers.Range = new RangeHeaderValue(from, null);
        if (_settings.Token is { } token && IsEndpoint(address))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var patience = new CancellationTokenSource(Timing.Stall, Timing.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException($"no answer within {Timing.Stall.TotalSeconds:0} s.");
        }
    }

    // The token belongs to one scheme, host and port; a download server that the hub points to has its own signature in the address.
    private bool IsEndpoint(Uri address) =>
        Uri.Compare(address, _settings.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static bool IsPassing(HttpStatusCode status) => (int)status is 408 or 429 or 500 or 502 or 503 or 504;

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        RetryConditionHeaderValue? after = response.Headers.RetryAfter;
        TimeSpan? wait = after?.Delta ?? (after?.Date is { } date ? date - Timing.Clock.GetUtcNow() : null);
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
