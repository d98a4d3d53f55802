#include "frontend/sdl/gui.h"

#include <imgui.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ilse::ui {

namespace {

constexpr std::array<std::pair<ImGuiKey_, SDL_Scancode>, 18> kKeys{{
    {ImGuiKey_Tab, SDL_SCANCODE_TAB},
    {ImGuiKey_LeftArrow, SDL_SCANCODE_LEFT},
    {ImGuiKey_RightArrow, SDL_SCANCODE_RIGHT},
    {ImGuiKey_UpArrow, SDL_SCANCODE_UP},
    {ImGuiKey_DownArrow, SDL_SCANCODE_DOWN},
    {ImGuiKey_Home, SDL_SCANCODE_HOME},
    {ImGuiKey_End, SDL_SCANCODE_END},
    {ImGuiKey_Delete, SDL_SCANCODE_DELETE},
    {ImGuiKey_Backspace, SDL_SCANCODE_BACKSPACE},
    {ImGuiKey_Space, SDL_SCANCODE_SPACE},
    {ImGuiKey_Enter, SDL_SCANCODE_RETURN},
    {ImGuiKey_Escape, SDL_SCANCODE_ESCAPE},
    {ImGuiKey_A, SDL_SCANCODE_A},
    {ImGuiKey_C, SDL_SCANCODE_C},
    {ImGuiKey_V, SDL_SCANCODE_V},
    {ImGuiKey_X, SDL_SCANCODE_X},
    {ImGuiKey_Y, SDL_SCANCODE_Y},
    {ImGuiKey_Z, SDL_SCANCODE_Z},
}};

}  // namespace

Gui::Gui(SDL_Window* window, SDL_Renderer* renderer)
    : window_(window), renderer_(renderer), context_(ImGui::CreateContext()) {
  ImGui::SetCurrentContext(context_);
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.ConfigFlags |= ImGuiConfigFlags_NavEnableKeyboard | ImGuiConfigFlags_NoMouseCursorChange;
  io.BackendFlags |= ImGuiBackendFlags_RendererHasVtxOffset;
  for (auto [key, code] : kKeys) io.KeyMap[key] = code;
  ImGui::StyleColorsDark();
  ImGui::GetStyle().FrameRounding = 3;
}

Gui::~Gui() {
  lost();
  ImGui::DestroyContext(context_);
}

void Gui::lost() {
  if (font_ != nullptr) SDL_DestroyTexture(std::exchange(font_, nullptr));
}

bool Gui::wants_mouse() const {
  ImGui::SetCurrentContext(context_);
  return ImGui::GetIO().WantCaptureMouse;
}
bool Gui::wants_text() const {
  ImGui::SetCurrentContext(context_);
  return ImGui::GetIO().WantTextInput;
}

void Gui::handle(const SDL_Event& e) {
  ImGui::SetCurrentContext(context_);
  ImGuiIO& io = ImGui::GetIO();
  switch (e.type) {
    case SDL_KEYDOWN:
    case SDL_KEYUP: {
      const SDL_Scancode code = e.key.keysym.scancode;
      if (code < static_cast<int>(std::size(io.KeysDown))) io.KeysDown[code] = e.type == SDL_KEYDOWN;
      const SDL_Keymod held = SDL_GetModState();
      io.KeyCtrl = (held & KMOD_CTRL) != 0;
      io.KeyShift = (held & KMOD_SHIFT) != 0;
      io.KeyAlt = (held & KMOD_ALT) != 0;
      break;
    }
    case SDL_TEXTINPUT: io.AddInputCharactersUTF8(e.text.text); break;
    case SDL_MOUSEMOTION:
      io.MousePos = {static_cast<float>(e.motion.x), static_cast<float>(e.motion.y)};
      break;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
      io.MousePos = {static_cast<float>(e.button.x), static_cast<float>(e.button.y)};
      if (e.button.button != SDL_BUTTON_LEFT) break;
      down_ = e.type == SDL_MOUSEBUTTONDOWN;
      clicked_ = clicked_ || down_;
      break;
    case SDL_MOUSEWHEEL: io.MouseWheel += static_cast<float>(e.wheel.y); break;
    default: break;
  }
}

void Gui::make_font_texture() {
  uint8_t* pixels = nullptr;
  int width = 0, height = 0;
  ImFontAtlas* fonts = ImGui::GetIO().Fonts;
  fonts->GetTexDataAsRGBA32(&pixels, &width, &height);
  font_ = SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_ABGR8888, SDL_TEXTUREACCESS_STATIC, width, height);
  if (font_ == nullptr) return;
  SDL_UpdateTexture(font_, nullptr, pixels, 4 * width);
  SDL_SetTextureBlendMode(font_, SDL_BLENDMODE_BLEND);
  fonts->SetTexID(font_);
}

void Gui::begin() {
  ImGui::SetCurrentContext(context_);
  if (font_ == nullptr) make_font_texture();
  ImGuiIO& io = ImGui::GetIO();
  int w = 0, h = 0, pixels_w = 0, pixels_h = 0;
  SDL_GetWindowSize(window_, &w, &h);
  SDL_GetRendererOutputSize(renderer_, &pixels_w, &pixels_h);
  io.DisplaySize = {static_cast<float>(w), static_cast<float>(h)};
  if (w > 0 && h > 0) {
    io.DisplayFramebufferScale = {static_cast<float>(pixels_w) / static_cast<float>(w),
                                  static_cast<float>(pixels_h) / static_cast<float>(h)};
  }
  const uint64_t now = SDL_GetPerformanceCounter();
  const double passed = static_cast<double>(now - std::exchange(frame_at_, now)) /
                        static_cast<double>(SDL_GetPerformanceFrequency());
  io.DeltaTime = static_cast<float>(std::clamp(passed, 0.001, 0.1));
  io.MouseDown[0] = down_ || std::exchange(clicked_, false);
  ImGui::NewFrame();
}

void Gui::end() {
  ImGui::Render();
  draw();
}

void Gui::draw() {
  const ImDrawData* data = ImGui::GetDrawData();
  const ImVec2 scale = data->FramebufferScale;
  float old_x = 1, old_y = 1;
  SDL_RenderGetScale(renderer_, &old_x, &old_y);
  SDL_RenderSetScale(renderer_, scale.x, scale.y);
  for (int n = 0; n < data->CmdListsCount; ++n) {
    const ImDrawList* list = data->CmdLists[n];
    for (const ImDrawCmd& c : list->CmdBuffer) {
      if (c.UserCallback != nullptr) continue;
      const SDL_Rect clip{static_cast<int>(c.ClipRect.x), static_cast<int>(c.ClipRect.y),
                          static_cast<int>(c.ClipRect.z - c.ClipRect.x),
                          static_cast<int>(c.ClipRect.w - c.ClipRect.y)};
      if (clip.w <= 0 || clip.h <= 0) continue;
      SDL_RenderSetClipRect(renderer_, &clip);
      const ImDrawVert* v = list->VtxBuffer.Data + c.VtxOffset;
      SDL_RenderGeometryRaw(renderer_, static_cast<SDL_Texture*>(c.GetTexID()), &v->pos.x, sizeof *v,
                            reinterpret_cast<const SDL_Color*>(&v->col), sizeof *v, &v->uv.x, sizeof *v,
                            list->VtxBuffer.Size - static_cast<int>(c.VtxOffset),
                            list->IdxBuffer.Data + c.IdxOffset, static_cast<int>(c.ElemCount),
                            sizeof(ImDrawIdx));
    }
  }
  SDL_RenderSetClipRect(renderer_, nullptr);
  SDL_RenderSetScale(renderer_, old_x, old_y);
}

}  // namespace ilse::ui
