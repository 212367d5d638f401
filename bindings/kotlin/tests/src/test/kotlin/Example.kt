import dev.tidewire.Delta
import dev.tidewire.TidewireException
import dev.tidewire.tidewire
import kotlinx.serialization.Serializable

@Serializable
data class Question(val model: String, val prompt: String)

suspend fun main(arguments: Array<String>) {
    val server = arguments.firstOrNull() ?: "http://localhost:8787"
    val answer = tidewire("$server/llm?dialect=anthropic&interval_ms=5") {
        json(Question(model = "m", prompt = "why?"))
        onStall { println("… the server has been silent for ${it.silent}") }
    }.deltas()
    try {
        answer.collect { delta -> if (delta is Delta.Text) print(delta.text) }
    } catch (end: TidewireException) {
        println("${end.code}: ${end.message}")
    }
    answer.result?.reply?.toolCalls?.forEach { println("\n${it.name}(${it.arguments})") }
    println(answer.result)
}
